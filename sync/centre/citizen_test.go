package centre_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// citizenCall lists a citizen's certificates by a signature with the key of one, and refuses what is not his.
func citizenCall(t *testing.T, d *centretest.Device, c *centretest.Centre, p centretest.Paper, cert *x509.Certificate) {
	t.Helper()
	challenge, err := d.API.CreateChallengeWithResponse(t.Context())
	if err != nil || challenge.JSON200 == nil {
		t.Fatalf("challenge: %v %s", err, challenge.Body)
	}
	content := challenge.JSON200.Challenge
	signature, err := pki.SignDetached(content, cert, []*x509.Certificate{c.Issuing}, p.Keys[1], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.API.SearchCertificatesWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: signature})
	if err != nil || answer.JSON200 == nil || len(answer.JSON200.Items) != 2 || answer.JSON200.Items[0].Number != p.Number {
		t.Fatalf("certificates: %v %s", err, answer.Body)
	}
	again, err := d.API.SearchCertificatesWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: signature})
	if err != nil || code(again.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("a challenge served twice: %v %s", err, again.Body)
	}
	staff, err := d.API.OpenStaffSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: signature})
	if err != nil || code(staff.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("a citizen's signature over a used challenge: %v %s", err, staff.Body)
	}
	challenge, err = d.API.CreateChallengeWithResponse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content = challenge.JSON200.Challenge
	if signature, err = pki.SignDetached(content, cert, []*x509.Certificate{c.Issuing}, p.Keys[1], time.Now()); err != nil {
		t.Fatal(err)
	}
	staff, err = d.API.OpenStaffSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: content, Signature: signature})
	if err != nil || code(staff.Body) != api.ErrorCodeNotOperator {
		t.Errorf("a citizen opened supervisor mode: %v %s", err, staff.Body)
	}
}
