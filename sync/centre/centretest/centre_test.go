package centretest

import (
	"context"
	"net/http"
	"testing"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

func TestCentre_LetsAnEnrolledDeviceIn(t *testing.T) {
	c := Start(t)
	d := c.Enrol("hall")
	who, err := d.API.GetDeviceWithResponse(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if who.JSON200 == nil || who.JSON200.Prefix != d.Prefix || who.JSON200.Name != "hall" {
		t.Errorf("the device is called %s", who.Body)
	}
}

func TestCentre_ComesBackWithWhatItHad(t *testing.T) {
	c := Start(t)
	d := c.Enrol("hall")
	c.Stop()
	if _, err := d.API.GetDeviceWithResponse(context.Background()); err == nil {
		t.Error("a stopped centre answers")
	}
	c.Restart()
	who, err := d.API.GetDeviceWithResponse(context.Background())
	if err != nil || who.StatusCode() != http.StatusOK {
		t.Errorf("after the restart: %v, %v", who, err)
	}
}

func TestCentre_GoesTheWholeWay(t *testing.T) {
	ctx := context.Background()
	c := Start(t)
	d := c.Enrol("hall")
	who := Person(IINAigerim)
	c.AddPerson(who.IIN, who.Surname, who.Given, who.Patronymic)
	p := d.NewPaper(who, 1, Key(0), Key(1))
	filed, err := d.API.PutApplicationWithResponse(ctx, p.Number, api.Filing{Document: p.Document})
	if err != nil || filed.JSON200 == nil {
		t.Fatalf("filing: %v %s", err, filed.Body)
	}
	var open []*cmp.Transaction
	for i, csr := range p.CSRs {
		x := cmp.NewTransaction(ID(p.Application.Keys[i].TransactionID))
		answer, err := d.CMP(string(p.Application.Keys[i].Template)).P10CR(ctx, x, csr)
		if err != nil || answer.State != cmp.Waiting {
			t.Fatalf("asking: %v %v", answer.State, err)
		}
		open = append(open, x)
	}
	staff := c.Operator(Person(IINDana), Key(2))
	decision, signature := staff.Decide(p, "")
	decided, err := d.API.SubmitDecisionWithResponse(ctx, api.SignedDecision{Decision: decision, Signature: signature})
	if err != nil || decided.JSON200 == nil || decided.JSON200.Status != api.StatusIssued {
		t.Fatalf("deciding: %v %s", err, decided.Body)
	}
	for i, x := range open {
		client := d.CMP(string(p.Application.Keys[i].Template))
		answer, err := client.Poll(ctx, x)
		if err != nil || answer.State != cmp.Issued {
			t.Fatalf("polling: %v %v", answer.State, err)
		}
		if err := client.Confirm(ctx, x, answer.Certificate); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Status(p.Number); got != api.StatusIssued {
		t.Errorf("the application is %q", got)
	}
}
