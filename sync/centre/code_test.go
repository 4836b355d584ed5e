package centre_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/registry"
)

func TestCode_IsAskedTriedAndSpent(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		if _, err := c.ImportPeople(t.Context(), []byte(`[{"iin":"`+z.IIN+`","surname":"Ә","given":"А","phone":"+77011234567"}]`)); err != nil {
			t.Fatal(err)
		}
		session := z.Session(d)
		ask := func(kind registry.Kind) (*api.CodeSent, *api.Error) {
			t.Helper()
			answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.Kind(kind)})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, answer.JSONDefault
		}
		tell := func(id, told string) api.Error {
			t.Helper()
			answer, err := d.API.VerifyCodeWithResponse(t.Context(), id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: told})
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSONDefault != nil {
				return *answer.JSONDefault
			}
			return api.Error{}
		}
		if sent, _ := ask(registry.KindGOST); sent == nil || sent.Needed || sent.Id != "" {
			t.Errorf("for a kind that asks none: %+v", sent)
		}
		counter := uint64(2)
		try := func(id string) api.ErrorCode {
			t.Helper()
			counter++
			p := reissue(z, d, counter, id, centretest.Key(2), centretest.Key(3))
			return code(z.File(d, p, 1).Body)
		}
		if no := try(""); no != api.ErrorCodeCodeRequired {
			t.Errorf("without a code: %q", no)
		}
		if no := try(strings.Repeat("0a", 16)); no != api.ErrorCodeCodeRequired {
			t.Errorf("with a made-up one: %q", no)
		}
		sent, no := ask(registry.KindReissue)
		if sent == nil || sent.SentTo != "…4567" || sent.Method != "sms" || sent.Resends != 3 {
			t.Fatalf("asked: %+v %+v", sent, no)
		}
		if no := try(sent.Id); no != api.ErrorCodeCodeRequired {
			t.Errorf("with one that nobody told: %q", no)
		}
		first := c.LastCode()
		if no := tell(sent.Id, wrongFor(first)); no.Code != api.ErrorCodeCodeWrong || no.Left == nil || *no.Left != 2 {
			t.Errorf("a wrong one: %+v", no)
		}
		resend := func() (*api.CodeSent, *api.Error) {
			t.Helper()
			answer, err := d.API.ResendCodeWithResponse(t.Context(), sent.Id, &api.ResendCodeParams{XCitizenSession: session})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, answer.JSONDefault
		}
		if _, no := resend(); no == nil || no.Code != api.ErrorCodeCodeLimit || no.Wait() <= 0 {
			t.Errorf("sent again at once: %+v", no)
		}
		for left := 2; left >= 0; left-- {
			k.forward(31 * time.Second)
			if again, no := resend(); again == nil || again.Resends != left {
				t.Fatalf("sent again: %+v %+v", again, no)
			}
		}
		k.forward(31 * time.Second)
		if _, no := resend(); no == nil || no.Code != api.ErrorCodeCodeLimit {
			t.Errorf("a fourth time: %+v", no)
		}
		if c.LastCode() != first {
			if no := tell(sent.Id, first); no.Code != api.ErrorCodeCodeWrong || *no.Left != 1 {
				t.Errorf("the code that was sent before the last: %+v", no)
			}
		}
		told := c.LastCode()
		if no := tell(sent.Id, told); no.Code != "" {
			t.Fatalf("the right one: %+v", no)
		}
		if all, err := c.Codes(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("it is still shown: %+v %v", all, err)
		}
		elsewhere := reissue(z, other, 1, sent.Id, centretest.Key(2), centretest.Key(3))
		if answer := z.File(other, elsewhere, 1); code(answer.Body) != api.ErrorCodeCodeRequired {
			t.Errorf("on another kiosk: %s", answer.Body)
		}
		if no := try(sent.Id); no != "" {
			t.Errorf("with the right one: %q", no)
		}
		if no := try(sent.Id); no != api.ErrorCodeCodeRequired && no != api.ErrorCodeAlreadyFiled {
			t.Errorf("spent twice: %q", no)
		}
	})
}

// wrongFor is a code that is not this one.
func wrongFor(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCode_LocksAfterThreeWrongOnesHoweverManyAreAskedFor(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		session := z.Session(d)
		ask := func() (string, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.KindReissue})
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSON200 == nil {
				return "", code(answer.Body)
			}
			return answer.JSON200.Id, ""
		}
		tell := func(id, told string) api.ErrorCode {
			t.Helper()
			answer, err := d.API.VerifyCodeWithResponse(t.Context(), id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: told})
			if err != nil {
				t.Fatal(err)
			}
			return code(answer.Body)
		}
		id, _ := ask()
		k.forward(6 * time.Minute)
		session = z.Session(d)
		if no := tell(id, "000000"); no != api.ErrorCodeCodeExpired {
			t.Errorf("after six minutes: %q", no)
		}
		for i, want := range []api.ErrorCode{api.ErrorCodeCodeWrong, api.ErrorCodeCodeWrong, api.ErrorCodeCodeLocked} {
			if id, _ = ask(); id == "" {
				t.Fatalf("asking %d", i)
			}
			if no := tell(id, wrongFor(c.LastCode())); no != want {
				t.Errorf("wrong for the %d. time: %q", i+1, no)
			}
		}
		if _, no := ask(); no != api.ErrorCodeCodeLocked {
			t.Errorf("asking while locked: %q", no)
		}
		if no := tell(id, "000000"); no != api.ErrorCodeCodeLocked {
			t.Errorf("telling while locked: %q", no)
		}
		k.forward(16 * time.Minute)
		session = z.Session(d)
		if id, no := ask(); no != "" || tell(id, c.LastCode()) != "" {
			t.Errorf("a quarter of an hour later: %q", no)
		}
		for range 20 {
			if _, no := ask(); no != "" {
				if no != api.ErrorCodeCodeLimit {
					t.Errorf("asking without end: %q", no)
				}
				return
			}
		}
		t.Error("codes are sent without end")
	})
}

func TestCode_IsNotAskedOfWhoIsNoResident(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	if _, err := c.ImportPeople(t.Context(), []byte(`[{"iin":"`+z.IIN+`","surname":"Ә","given":"А","non_resident":true}]`)); err != nil {
		t.Fatal(err)
	}
	answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: z.Session(d)}, api.CodeQuery{Kind: api.KindReissue})
	if err != nil || answer.JSON200 == nil || answer.JSON200.Needed {
		t.Errorf("asked: %v %s", err, answer.Body)
	}
	if answer := z.File(d, reissue(z, d, 2, "", centretest.Key(2), centretest.Key(3)), 1); answer.JSON200 == nil {
		t.Errorf("filing: %s", answer.Body)
	}
}
