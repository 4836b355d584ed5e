package centre_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// profile asks for the profile of a session, the least that is personal.
func profile(t *testing.T, d *centretest.Device, session string) (*api.Profile, api.ErrorCode) {
	t.Helper()
	answer, err := d.API.GetProfileWithResponse(t.Context(), &api.GetProfileParams{XCitizenSession: session})
	if err != nil {
		t.Fatal(err)
	}
	return answer.JSON200, code(answer.Body)
}

func TestSignIn_OpensASessionOnThisDeviceForThisPerson(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		person(t, c, centretest.IINAigerim)
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		in := z.SignIn(d, 0)
		if in.JSON200 == nil || in.JSON200.Person.Surname != "Әбдіқалықова" || in.JSON200.Template != "rsa-auth" || !in.JSON200.Checked || in.JSON200.Serial != centretest.Serial(z.Certs[0]) {
			t.Fatalf("signing in: %s", in.Body)
		}
		session := in.JSON200.Session
		if p, no := profile(t, d, session); p == nil || p.Person.Iin != z.IIN || !p.Registered || !p.Resident || !p.Notices {
			t.Errorf("profile: %+v %s", p, no)
		}
		for name, ask := range map[string]func() api.ErrorCode{
			"on another device":      func() api.ErrorCode { _, no := profile(t, other, session); return no },
			"without a session":      func() api.ErrorCode { _, no := profile(t, d, ""); return no },
			"with a made-up session": func() api.ErrorCode { _, no := profile(t, d, "x"); return no },
		} {
			if no := ask(); no != api.ErrorCodeSessionOver {
				t.Errorf("%s: %q", name, no)
			}
		}
		// Another device cannot end it, its own can, twice is no error.
		for _, from := range []*centretest.Device{other, d, d} {
			if _, no := profile(t, d, session); from == other && no != "" {
				t.Errorf("before signing out: %q", no)
			}
			if out, err := from.API.CloseCitizenSessionWithResponse(t.Context(), &api.CloseCitizenSessionParams{XCitizenSession: session}); err != nil || out.StatusCode() != 204 {
				t.Errorf("signing out: %v %s", err, out.Body)
			}
			if from == other {
				if _, no := profile(t, d, session); no != "" {
					t.Errorf("another device ended the session: %q", no)
				}
			}
		}
		if _, no := profile(t, d, session); no != api.ErrorCodeSessionOver {
			t.Errorf("after signing out: %q", no)
		}
		session = z.Session(d)
		k.forward(6 * time.Minute)
		if _, no := profile(t, d, session); no != api.ErrorCodeSessionOver {
			t.Errorf("after idle minutes: %q", no)
		}
		session = z.Session(d)
		for range 16 {
			k.forward(2 * time.Minute)
			profile(t, d, session)
		}
		if _, no := profile(t, d, session); no != api.ErrorCodeSessionOver {
			t.Errorf("after half an hour of use: %q", no)
		}
	})
}

func TestSignIn_WithAGOSTKeyThatServesForBoth(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	z := d.Holder(d.PaperFor(centretest.Person(centretest.IINBolat), 1, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}), centretest.Person(centretest.IINBolat))
	in := z.SignIn(d, 0)
	if in.JSON200 == nil || in.JSON200.Template != "gost2015" || in.JSON200.Person.Surname == "" {
		t.Fatalf("signing in: %s", in.Body)
	}
	if p, _ := profile(t, d, in.JSON200.Session); p == nil || p.Registered {
		t.Errorf("who is not in the register: %+v", p)
	}
	if answer := z.File(d, z.Revocation(d, 2, "replaced", z.Ref(0)), 0); answer.JSON200 == nil {
		t.Errorf("signing with the same key: %s", answer.Body)
	}
}

func TestSignIn_SaysByItsOwnCodeWhatIsWrongWithAKey(t *testing.T) {
	c, elsewhere := centretest.Start(t), centretest.Start(t)
	d, far := c.Enrol("hall"), elsewhere.Enrol("far")
	who := centretest.Person(centretest.IINAigerim)
	z := d.Citizen(who, 1, centretest.Key(0), centretest.Key(1))
	foreign := far.Citizen(who, 1, centretest.Key(0), centretest.Key(1))
	now := time.Now()
	gone := d.Citizen(who, 2, centretest.Key(2), centretest.Key(3))
	if err := c.RevokeCertificate(t.Context(), centretest.Serial(gone.Certs[0]), ""); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		who  *centretest.Citizen
		key  int
		want api.ErrorCode
	}{
		"a signing key":                 {z, 1, api.ErrorCodeNotSignInKey},
		"revoked":                       {gone, 0, api.ErrorCodeKeyRevoked},
		"of another authority":          {foreign, 0, api.ErrorCodeKeyForeign},
		"expired":                       {c.Forge(pki.TemplateAuth, who, centretest.Key(0), now.Add(-time.Hour), now.Add(-time.Minute)), 0, api.ErrorCodeKeyExpired},
		"not yet valid":                 {c.Forge(pki.TemplateAuth, who, centretest.Key(0), now.Add(time.Minute), now.Add(time.Hour)), 0, api.ErrorCodeKeyNotYetValid},
		"unknown to the ledger":         {c.Forge(pki.TemplateAuth, who, centretest.Key(0), now.Add(-time.Hour), now.Add(time.Hour)), 0, api.ErrorCodeKeyUnchecked},
		"of an information system":      {c.Forge(pki.TemplateSystem, who, centretest.Key(0), now.Add(-time.Hour), now.Add(time.Hour)), 0, api.ErrorCodeNotSignInKey},
		"an expired key for signing in": {c.Forge(pki.TemplateSign, who, centretest.Key(0), now.Add(-time.Hour), now.Add(-time.Minute)), 0, api.ErrorCodeNotSignInKey},
	} {
		if answer := signInAt(t, d, test.who, test.key, test.who.Certs[test.key].NotBefore.Add(time.Second)); code(answer.Body) != test.want {
			t.Errorf("%s: %s, not %s", name, answer.Body, test.want)
		}
	}
	challenge, err := d.API.CreateChallengeWithResponse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content := challenge.JSON200.Challenge
	for name, test := range map[string]struct {
		challenge, signature []byte
		want                 api.ErrorCode
	}{
		"nobody's challenge":                        {[]byte("x"), z.Sign(0, []byte("x"), now), api.ErrorCodeChallengeOver},
		"a signature over else (uses it up)":        {content, z.Sign(0, []byte("else"), now), api.ErrorCodeBadSignature},
		"no signature, and a challenge used before": {content, nil, api.ErrorCodeChallengeOver},
	} {
		if name[0] == 'n' && test.signature == nil {
			continue // after the others: maps have no order
		}
		answer, err := d.API.OpenCitizenSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: test.challenge, Signature: test.signature})
		if err != nil || code(answer.Body) != test.want {
			t.Errorf("%s: %v %s", name, err, answer.Body)
		}
	}
	answer, err := d.API.OpenCitizenSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: z.Sign(0, content, now)})
	if err != nil || code(answer.Body) != api.ErrorCodeChallengeOver {
		t.Errorf("a challenge used before: %v %s", err, answer.Body)
	}
}

// signInAt signs a challenge with a signing time of the test's choice, so that a key out of its time can sign at all.
func signInAt(t *testing.T, d *centretest.Device, z *centretest.Citizen, key int, at time.Time) *api.OpenCitizenSessionResponse {
	t.Helper()
	challenge, err := d.API.CreateChallengeWithResponse(t.Context())
	if err != nil || challenge.JSON200 == nil {
		t.Fatalf("challenge: %v %s", err, challenge.Body)
	}
	content := challenge.JSON200.Challenge
	answer, err := d.API.OpenCitizenSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: z.Sign(key, content, at)})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestProfile_KeepsAddressAndNotices(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		session := z.Session(d)
		set := func(email string, notices bool) (*api.Profile, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.PutProfileWithResponse(t.Context(), &api.PutProfileParams{XCitizenSession: session}, api.ProfileChange{Email: email, Notices: notices})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, code(answer.Body)
		}
		if p, no := set("a@example.kz", false); p == nil || p.Email != "a@example.kz" || p.Notices {
			t.Errorf("set: %+v %s", p, no)
		}
		if p, _ := profile(t, d, session); p == nil || p.Email != "a@example.kz" || p.Notices {
			t.Errorf("kept: %+v", p)
		}
		for _, wrong := range []string{"", "not an address", "ә@example.kz"} {
			if _, no := set(wrong, true); no != api.ErrorCodeBadRequest {
				t.Errorf("notices to %q: %q", wrong, no)
			}
		}
		if _, no := set("", false); no != "" {
			t.Errorf("no address, no notices: %q", no)
		}
	})
}
