package app

import "github.com/tirkeu/kiosk/sync/registry"

// applicationsDetail is one of the person's applications in full.
type applicationsDetail struct {
	from         *applicationsList
	application  OwnApplication
	certificates own
}

func (*applicationsDetail) name() string        { return "applications.detail" }
func (*applicationsDetail) resting()            {}
func (s *applicationsDetail) back(*Kiosk) state { return s.from }

func (s *applicationsDetail) view(k *Kiosk) any {
	a := s.application
	v := ApplicationsDetailScreen{
		Number: registry.FormatNumber(a.Number), Status: string(a.Status), Rows: s.rows(k), Certificates: []OwnKeyCard{}, CanConfirm: s.confirmable(),
		CanInstall: a.Status == registry.StatusIssued, ConsentText: k.text("label.consent"),
	}
	v.Title, v.Text, v.Next = k.statusWords(a.Status)
	if a.Confirmable {
		v.Next = ""
	}
	for n := range s.certificates.keys {
		v.Certificates = append(v.Certificates, k.ownCard(s.certificates, n, true))
	}
	return v
}

func (s *applicationsDetail) confirmable() bool {
	return s.application.Confirmable && s.application.Request != nil
}

func (s *applicationsDetail) rows(k *Kiosk) []Row {
	a, rows := s.application, []Row{}
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, Row{Label: k.text("label." + label), Value: value})
		}
	}
	title, _, _ := k.statusWords(a.Status)
	add("number", registry.FormatNumber(a.Number))
	add("kind", k.kindName(a.Kind))
	add("status", title)
	if a.Reason != "" {
		add("why-rejected", k.rejection(a.Reason))
	}
	add("storage", k.storageName(a.Storage))
	if a.Request != nil {
		add("email", a.Request.Email)
	}
	add("created", k.moment(a.CreatedAt))
	if a.Origin == "web" || a.Origin == "kiosk" || a.Origin == "request" {
		add("where", k.text("origin."+string(a.Origin)))
	}
	if !a.ExpiresAt.IsZero() {
		add("expires", k.moment(a.ExpiresAt))
	}
	return rows
}

// rejection is why an application was refused: by staff for a reason of the directory, or by the centre.
func (k *Kiosk) rejection(code string) string {
	if r, known := k.directory().Reason(code); known {
		return r.Text.In(string(k.lang))
	}
	return (&fault{code: refusedAs(code)}).words(k).Title
}

func (s *applicationsDetail) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "applications.install":
		if s.application.Status == registry.StatusIssued {
			k.findStatus(s.application.Number)
		}
	case "applications.confirm":
		var a SubmitArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		switch {
		case !s.confirmable():
			return &fault{code: CodeNotYet}
		case !a.Consent:
			return &fault{code: CodeConsent}
		}
		return k.confirmWeb(s.application, s)
	}
	return nil
}
