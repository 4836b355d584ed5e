package app

// attract is the screen of nobody: three greetings.
type attract struct{}

func (*attract) name() string    { return "attract" }
func (*attract) view(*Kiosk) any { return Empty{} }

func (*attract) act(k *Kiosk, action string, args []byte) *fault {
	if action != "start" {
		return nil
	}
	var a LanguageArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	k.language(args)
	k.begin(RoleCitizen)
	k.at = &menu{}
	k.look() // a token that is in already may be staff's
	return nil
}

// menu asks what a citizen has come for.
type menu struct{}

func (*menu) name() string    { return "menu" }
func (*menu) view(*Kiosk) any { return Empty{} }

func (*menu) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "apply":
		k.at = &applyIIN{}
	case "status":
		k.at = &statusNumber{}
	case "keys":
		k.at = &keysMedium{}
	case "cabinet":
		k.signIn()
	case "password":
		k.at = &passwordMedium{}
	case "files":
		m := &filesMedium{}
		k.at = m
		m.plugged(k) // a stick that is in need not be asked for
	}
	return nil
}

// outOfService is a terminal that must not serve anybody; a technician reads the number.
type outOfService struct{ code Code }

func (*outOfService) name() string { return "fault" }

func (s *outOfService) view(k *Kiosk) any {
	n := (&fault{code: s.code}).words(k)
	return FaultScreen{Code: s.code, Title: n.Title, Text: n.Text, Advice: n.Hint}
}

func (*outOfService) act(*Kiosk, string, []byte) *fault { return nil }

// top is where a citizen chooses what to do: the menu, or the cabinet once he has signed in.
func (k *Kiosk) top() state {
	if k.ses != nil && k.ses.cabinet != nil {
		return &cabinetHome{}
	}
	return &menu{}
}
