package app

// afterStorage goes on from the choice of storage: to the choice of keys where there is one, otherwise to the agreement.
// Under the lock.
func (k *Kiosk) afterStorage() {
	d := k.ses.draft
	sets := k.sets(d.medium.kind)
	if len(sets) > 1 {
		k.at = &applySet{}
		return
	}
	d.set = ""
	if len(sets) == 1 {
		d.set = sets[0].Code
	}
	k.at = &applyAgreement{}
}

// applySet asks which keys shall be made, where the storage may have more than one set of them.
type applySet struct{}

func (*applySet) name() string             { return "apply.set" }
func (*applySet) back(*Kiosk) state        { return &applyStorage{} }
func (*applySet) steps(k *Kiosk) *Progress { return applySteps(k, "storage") }
func (*applySet) view(k *Kiosk) any {
	v := ApplySetScreen{Sets: []SetCard{}, Chosen: k.ses.draft.set}
	lang := string(k.lang)
	for _, s := range k.sets(k.ses.draft.medium.kind) {
		v.Sets = append(v.Sets, SetCard{Code: s.Code, Name: s.Name.In(lang), Text: s.Text.In(lang)})
	}
	return v
}

func (*applySet) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.set" {
		return nil
	}
	var a CodeArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	d := k.ses.draft
	if len(k.templates(d.medium.kind, a.Code)) == 0 {
		return &fault{code: CodeSet}
	}
	d.set = a.Code
	k.at = &applyAgreement{}
	return nil
}
