package centre_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/centre/ledger/postgrestest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/registry"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, f func(t *testing.T, o centretest.Options)) {
	t.Run("sqlite", func(t *testing.T) { f(t, centretest.Options{}) })
	t.Run("postgres", func(t *testing.T) { f(t, centretest.Options{DB: postgrestest.Database(t)}) })
}

// code is the code of a refusal; "" for an answer that went well.
func code(body []byte) api.ErrorCode {
	var no api.Error
	if err := json.Unmarshal(body, &no); err != nil {
		return ""
	}
	return no.Code
}

// file files a paper and asks for its certificates.
func file(t *testing.T, d *centretest.Device, p centretest.Paper) []*cmp.Transaction {
	t.Helper()
	answer, err := d.API.PutApplicationWithResponse(t.Context(), p.Number, api.Filing{Document: p.Document})
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("filing: %v %s", err, answer.Body)
	}
	return ask(t, d, p)
}

func ask(t *testing.T, d *centretest.Device, p centretest.Paper) []*cmp.Transaction {
	t.Helper()
	var open []*cmp.Transaction
	for i, k := range p.Application.Keys {
		x := cmp.NewTransaction(centretest.ID(k.TransactionID))
		if _, err := d.CMP(string(k.Template)).P10CR(t.Context(), x, p.CSRs[i]); err != nil {
			t.Fatalf("asking: %v", err)
		}
		open = append(open, x)
	}
	return open
}

// decide has an operator decide and returns what came of it.
func decide(t *testing.T, d *centretest.Device, decision, signature []byte) (api.Status, api.ErrorCode) {
	t.Helper()
	answer, err := d.API.SubmitDecisionWithResponse(t.Context(), api.SignedDecision{Decision: decision, Signature: signature})
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil {
		return "", code(answer.Body)
	}
	return answer.JSON200.Status, ""
}

// session opens a staff session; the editor adds it to a call.
func session(t *testing.T, d *centretest.Device, o *centretest.Operator) string {
	t.Helper()
	challenge, err := d.API.CreateChallengeWithResponse(t.Context())
	if err != nil || challenge.JSON200 == nil {
		t.Fatalf("challenge: %v %s", err, challenge.Body)
	}
	answer, err := d.API.OpenStaffSessionWithResponse(t.Context(), api.SignedChallenge{Challenge: challenge.JSON200.Challenge, Signature: o.Sign(challenge.JSON200.Challenge)})
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("session: %v %s", err, answer.Body)
	}
	return answer.JSON200.Session
}

func person(t *testing.T, c *centretest.Centre, iin string) {
	t.Helper()
	who := centretest.Person(iin)
	c.AddPerson(who.IIN, who.Surname, who.Given, who.Patronymic)
}

// TestREST_EveryCallGoesAsTheContractSays walks all calls once; the contract looks at each answer on the way.
func TestREST_EveryCallGoesAsTheContractSays(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		ctx := t.Context()
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		held := newContract(t, d.HTTP.Transport)
		d.HTTP.Transport = held
		person(t, c, centretest.IINAigerim)
		staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		seal := []byte("0123456789abcdef0123456789abcdef")
		must := func(status int, body []byte, err error) {
			t.Helper()
			if err != nil || status/100 != 2 {
				t.Fatalf("status %d, %v: %s", status, err, body)
			}
		}
		get := func(path string) {
			t.Helper()
			answer, err := d.HTTP.Get(c.URL + path)
			must(answer.StatusCode, nil, err)
			answer.Body.Close()
		}
		get("/healthz")
		get("/metrics")
		get("/api/v1/openapi.json")
		get("/api/v1/device")
		get("/api/v1/directory")
		beat, err := d.API.HeartbeatWithResponse(ctx, api.Heartbeat{Pending: 1, Version: "0.1", Time: time.Now()})
		must(beat.StatusCode(), beat.Body, err)
		who, err := d.API.LookupPersonWithResponse(ctx, api.PersonQuery{Iin: centretest.IINAigerim})
		must(who.StatusCode(), who.Body, err)
		if who.JSON200.Surname != "Әбдіқалықова" {
			t.Errorf("the register says %s", who.Body)
		}
		filed, err := d.API.PutApplicationWithResponse(ctx, p.Number, api.Filing{Document: p.Document, SealKey: &seal})
		must(filed.StatusCode(), filed.Body, err)
		open := ask(t, d, p)
		get("/api/v1/applications/" + p.Number)
		get("/api/v1/keys/" + p.Application.Keys[0].SPKISHA256)
		get("/api/v1/transactions/" + p.Application.Keys[0].TransactionID)
		early, err := d.API.GetSealWithResponse(ctx, p.Number)
		if err != nil || code(early.Body) != api.ErrorCodeConflict {
			t.Errorf("the seal key before the certificates: %v %s", err, early.Body)
		}
		h := session(t, d, staff)
		queue, err := d.API.SearchQueueWithResponse(ctx, &api.SearchQueueParams{XStaffSession: h}, api.QueueQuery{})
		must(queue.StatusCode(), queue.Body, err)
		if len(queue.JSON200.Items) != 1 {
			t.Errorf("the queue is %s", queue.Body)
		}
		opened, err := d.API.OpenQueueItemWithResponse(ctx, p.Number, &api.OpenQueueItemParams{XStaffSession: h})
		must(opened.StatusCode(), opened.Body, err)
		if !bytes.Equal(opened.JSON200.Document, p.Document) || opened.JSON200.Sha256 != registry.Hash(p.Document) || opened.JSON200.NameDiffers {
			t.Errorf("opened: %s", opened.Body)
		}
		freed, err := d.API.ReleaseQueueItemWithResponse(ctx, p.Number, &api.ReleaseQueueItemParams{XStaffSession: h})
		must(freed.StatusCode(), freed.Body, err)
		decision, signature := staff.Decide(p, "")
		if status, no := decide(t, d, decision, signature); status != api.StatusIssued {
			t.Fatalf("decided: %q %q", status, no)
		}
		var serials []string
		for i, x := range open {
			client := d.CMP(string(p.Application.Keys[i].Template))
			answer, err := client.Poll(ctx, x)
			if err != nil || answer.State != cmp.Issued {
				t.Fatalf("polling: %v %v", answer.State, err)
			}
			if err := client.Confirm(ctx, x, answer.Certificate); err != nil {
				t.Fatal(err)
			}
			serials = append(serials, answer.Certificate.SerialNumber.Text(16))
			if i == 1 {
				citizenCall(t, d, c, p, answer.Certificate)
			}
		}
		get("/api/v1/transactions/" + p.Application.Keys[0].TransactionID)
		given, err := d.API.GetSealWithResponse(ctx, p.Number)
		must(given.StatusCode(), given.Body, err)
		if !bytes.Equal(given.JSON200.SealKey, seal) {
			t.Error("the seal key came back changed")
		}
		for range 2 { // again changes nothing
			done, err := d.API.MarkInstalledWithResponse(ctx, p.Number, api.Installation{At: time.Now(), Certificates: serials})
			must(done.StatusCode(), done.Body, err)
			if done.JSON200.Status != api.StatusInstalled {
				t.Errorf("installed: %s", done.Body)
			}
		}
		letter, err := d.API.PostLetterWithResponse(ctx, p.Number, api.Letter{To: "a@example.kz", Language: "kk", Subject: "Түбіртек", Text: "…", Name: "a.pdf", Pdf: []byte("%PDF-")})
		must(letter.StatusCode(), letter.Body, err)
		cabinetCalls(t, c, d, staff, h)
		left, err := d.API.CloseStaffSessionWithResponse(ctx, &api.CloseStaffSessionParams{XStaffSession: h})
		must(left.StatusCode(), left.Body, err)
		// Codes may be sent again after a while only; a test with a clock of its own waits for that.
		if missing := held.unseen(); !slices.Equal(missing, []string{"resendCode"}) {
			t.Errorf("calls that never went well: %v", missing)
		}
		if report, err := c.VerifyAudit(ctx, nil); err != nil || report.BrokenAt != 0 || report.Rows < 10 {
			t.Errorf("audit: %+v %v", report, err)
		}
	})
}

func TestREST_NeedsADevicesCertificate(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.Roots.X509()}}}
	held := newContract(t, bare.Transport)
	bare.Transport = held
	defer bare.CloseIdleConnections()
	for path, item := range held.spec["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method == "parameters" || path == "/healthz" || path == "/metrics" || strings.HasSuffix(path, "openapi.json") {
				continue
			}
			r, err := http.NewRequest(strings.ToUpper(method), c.URL+strings.NewReplacer("{number}", "10010000011", "{id}", "00", "{spki_sha256}", strings.Repeat("0", 64)).Replace(path), strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := bare.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s %s without a certificate: %d", method, path, answer.StatusCode)
			}
		}
	}
	if err := c.RevokeKiosk(context.Background(), "hall"); err != nil {
		t.Fatal(err)
	}
	answer, err := d.API.GetDeviceWithResponse(t.Context())
	if err != nil || code(answer.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("a revoked device: %v %s", err, answer.Body)
	}
}

func TestREST_RefusesWhatItCannotRead(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	d.HTTP.Transport = newContract(t, d.HTTP.Transport)
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	put := func(path, body string) api.ErrorCode {
		t.Helper()
		r, err := http.NewRequest(http.MethodPut, c.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := d.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var no api.Error
		if err := json.NewDecoder(answer.Body).Decode(&no); err != nil {
			t.Fatal(err)
		}
		return no.Code
	}
	whole := base64.StdEncoding.EncodeToString(p.Document)
	foreign := registry.NewNumber("4321", 1)
	for name, c := range map[string]struct{ path, body string }{
		"no JSON":               {"/api/v1/applications/" + p.Number, "x"},
		"too large":             {"/api/v1/applications/" + p.Number, `{"document":"` + strings.Repeat("A", 400_000) + `"}`},
		"no document":           {"/api/v1/applications/" + p.Number, "{}"},
		"another number":        {"/api/v1/applications/" + foreign, `{"document":"` + whole + `"}`},
		"a document with more":  {"/api/v1/applications/" + p.Number, `{"document":"` + base64.StdEncoding.EncodeToString(append([]byte(" "), p.Document...)) + `"}`},
		"a seal key of a novel": {"/api/v1/applications/" + p.Number, `{"document":"` + whole + `","seal_key":"` + strings.Repeat("AAAA", 100) + `"}`},
	} {
		if got := put(c.path, c.body); got != api.ErrorCodeBadRequest {
			t.Errorf("%s: %q", name, got)
		}
	}
	answer, err := d.API.GetApplicationWithResponse(t.Context(), "10010000012")
	if err != nil || code(answer.Body) != api.ErrorCodeBadRequest {
		t.Errorf("a wrong check digit: %v %s", err, answer.Body)
	}
	answer, err = d.API.GetApplicationWithResponse(t.Context(), registry.NewNumber("1001", 999))
	if err != nil || code(answer.Body) != api.ErrorCodeNotFound {
		t.Errorf("a number nobody filed: %v %s", err, answer.Body)
	}
}
