package app

import (
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// date is a day as people of the chosen language write it.
func (k *Kiosk) date(t time.Time) string {
	t = t.In(k.cfg.Location)
	return k.text("date.day", "Day", t.Day(), "Month", k.text("date.month."+t.Format("01")), "Year", t.Year())
}

// moment is a day with the time of day.
func (k *Kiosk) moment(t time.Time) string {
	return k.text("date.moment", "Date", k.date(t), "Time", t.In(k.cfg.Location).Format("15:04"))
}

// spacedIIN is an IIN in groups that can be compared with a document.
func spacedIIN(iin string) string {
	if len(iin) != 12 {
		return iin
	}
	return iin[:6] + " " + iin[6:9] + " " + iin[9:]
}

// maskedIIN shows as much of an IIN as is needed to tell people in a list apart.
func maskedIIN(iin string) string {
	if len(iin) != 12 {
		return ""
	}
	return iin[:4] + " •••• " + iin[8:]
}

func fullName(n registry.Name) string {
	return tidy(strings.Join([]string{n.Surname, n.Given, n.Patronymic}, " "))
}
