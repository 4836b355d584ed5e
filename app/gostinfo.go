package app

import "github.com/tirkeu/kiosk/sync/registry"

// gostInfo says what a key by GOST 34.10-2015 is good for, before anything is asked.
type gostInfo struct{}

func (*gostInfo) name() string             { return "gost.info" }
func (*gostInfo) back(*Kiosk) state        { return &cabinetHome{} }
func (*gostInfo) steps(k *Kiosk) *Progress { return applySteps(k, "info") }
func (*gostInfo) view(k *Kiosk) any {
	rule, _ := k.directory().KindRule(registry.KindGOST)
	return GOSTInfoScreen{Title: rule.Name.In(string(k.lang)), Text: rule.Text.In(string(k.lang))}
}

func (*gostInfo) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "gost.confirm" {
		k.at = &applyRegion{}
	}
	return nil
}
