package centre_test

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/registry"
)

func TestDecision_IsTakenOnce(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		dana := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		bolat := c.Operator(centretest.Person(centretest.IINBolat), centretest.Key(3))
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		file(t, d, p)
		decision, signature := dana.Decide(p, "document-invalid")
		for range 2 {
			if status, no := decide(t, d, decision, signature); status != api.StatusRejected {
				t.Errorf("the same bytes: %q %q", status, no)
			}
		}
		if _, no := decide(t, d, decision, bolat.Sign(decision)); no != api.ErrorCodeAlreadyDecided {
			t.Errorf("the same bytes by another operator: %q", no)
		}
		decision, signature = bolat.Decide(p, "")
		if _, no := decide(t, d, decision, signature); no != api.ErrorCodeAlreadyDecided {
			t.Errorf("another verdict: %q", no)
		}
	})
}

func TestDecision_IsCheckedWhenItArrives(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	dana := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	aigerim := c.Operator(centretest.Person(centretest.IINAigerim), centretest.Key(3))
	gone := c.Operator(centretest.Person(centretest.IINBolat), centretest.Key(4))
	if err := c.RevokeOperator(t.Context(), centretest.IINBolat); err != nil {
		t.Fatal(err)
	}
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	file(t, d, p)
	decision, signature := aigerim.Decide(p, "")
	if _, no := decide(t, d, decision, signature); no != api.ErrorCodeOwnApplication {
		t.Errorf("about an application of one's own: %q", no)
	}
	decision, signature = dana.Decide(p, "")
	if _, no := decide(t, d, append([]byte(nil), decision[:len(decision)-1]...), signature); no != api.ErrorCodeBadRequest {
		t.Errorf("a decision cut short: %q", no)
	}
	if _, no := decide(t, d, decision, aigerim.Sign([]byte("something else"))); no != api.ErrorCodeUnauthenticated {
		t.Errorf("a signature over something else: %q", no)
	}
	decision, signature = gone.Decide(p, "")
	if _, no := decide(t, d, decision, signature); no != api.ErrorCodeUnauthenticated && no != api.ErrorCodeNotOperator {
		t.Errorf("by a revoked operator: %q", no)
	}
	other := p
	other.Document = []byte("other bytes")
	decision, signature = dana.Decide(other, "")
	if _, no := decide(t, d, decision, signature); no != api.ErrorCodeWrongHash {
		t.Errorf("about other bytes: %q", no)
	}
	late := registry.Decision{Version: 1, Number: p.Number, ApplicationSHA256: registry.Hash(p.Document), Verdict: registry.VerdictConfirm,
		Document: registry.Document{Type: "id-card", Number: "1"}, Device: "hall", At: time.Now().Add(time.Hour).UTC().Truncate(time.Second)}
	decision, err := late.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, no := decide(t, d, decision, dana.Sign(decision)); no != api.ErrorCodeBadRequest {
		t.Errorf("out of the future: %q", no)
	}
	if got := c.Status(p.Number); got != api.StatusWaiting {
		t.Fatalf("after all that it is %q", got)
	}
}

func TestQueue_IsLockedForOneOperator(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	d := c.Enrol("hall")
	dana := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	bolat := c.Operator(centretest.Person(centretest.IINBolat), centretest.Key(3))
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	file(t, d, p)
	first, second := session(t, d, dana), session(t, d, bolat)
	open := func(token string) api.ErrorCode {
		t.Helper()
		answer, err := d.API.OpenQueueItemWithResponse(t.Context(), p.Number, &api.OpenQueueItemParams{XStaffSession: token})
		if err != nil {
			t.Fatal(err)
		}
		return code(answer.Body)
	}
	if no := open(first); no != "" {
		t.Fatal(no)
	}
	if no := open(second); no != api.ErrorCodeLocked {
		t.Errorf("a second operator opens it: %q", no)
	}
	decision, signature := bolat.Decide(p, "")
	if _, no := decide(t, d, decision, signature); no != api.ErrorCodeLocked {
		t.Errorf("a second operator decides: %q", no)
	}
	left, err := d.API.CloseStaffSessionWithResponse(t.Context(), &api.CloseStaffSessionParams{XStaffSession: first})
	if err != nil || left.StatusCode() != 204 {
		t.Fatalf("leaving: %v %s", err, left.Body)
	}
	if no := open(second); no != "" {
		t.Errorf("after the first left: %q", no)
	}
	if no := open(first); no != api.ErrorCodeUnauthenticated {
		t.Errorf("with a session that ended: %q", no)
	}
	k.forward(6 * time.Minute)
	if no := open(second); no != api.ErrorCodeUnauthenticated {
		t.Errorf("after six idle minutes: %q", no)
	}
}

func TestSession_BelongsToOneDevice(t *testing.T) {
	c := centretest.Start(t)
	d, other := c.Enrol("hall"), c.Enrol("porch")
	token := session(t, d, c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2)))
	answer, err := other.API.SearchQueueWithResponse(t.Context(), &api.SearchQueueParams{XStaffSession: token}, api.QueueQuery{})
	if err != nil || code(answer.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("on another device: %v %s", err, answer.Body)
	}
}

func TestLimits_ADeviceThatAsksTooOftenWaits(t *testing.T) {
	rules := centre.DefaultRules()
	rules.People = centre.Limit{Burst: 2, Every: time.Hour}
	c := centretest.StartWith(t, centretest.Options{Rules: rules})
	d, other := c.Enrol("hall"), c.Enrol("porch")
	var last []byte
	for range 3 {
		answer, err := d.API.LookupPersonWithResponse(t.Context(), api.PersonQuery{Iin: centretest.IINAigerim})
		if err != nil {
			t.Fatal(err)
		}
		if answer.JSONDefault.Code == api.ErrorCodeRateLimited && answer.JSONDefault.Wait() <= 0 {
			t.Error("it does not say how long to wait")
		}
		last = answer.Body
	}
	if code(last) != api.ErrorCodeRateLimited {
		t.Errorf("the third time: %s", last)
	}
	answer, err := other.API.LookupPersonWithResponse(t.Context(), api.PersonQuery{Iin: centretest.IINAigerim})
	if err != nil || code(answer.Body) != api.ErrorCodeNotFound {
		t.Errorf("another device: %v %s", err, answer.Body)
	}
}
