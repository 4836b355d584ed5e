package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// cabinet walks a citizen's sign-in, one-time code and revocation with OpenSSL's own signatures: cms signs the challenge and
// the application, cmp sends the rr, ocsp and verify see what came of it. The keys and certificates lie in the house.
func (h *house) cabinet(iin string) {
	h.t.Helper()
	client := h.device("hall")
	cms := func(who string, content []byte) []byte {
		h.t.Helper()
		if err := os.WriteFile(h.path("content"), content, 0o600); err != nil {
			h.t.Fatal(err)
		}
		h.must("cms", "-sign", "-binary", "-md", "sha256", "-in", "content", "-signer", who+".pem", "-inkey", who+".key", "-outform", "DER", "-out", "content.p7s")
		signature, err := os.ReadFile(h.path("content.p7s"))
		if err != nil {
			h.t.Fatal(err)
		}
		return signature
	}
	session := ""
	call := func(method, path string, in, out any) []byte {
		h.t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			h.t.Fatal(err)
		}
		r, err := http.NewRequest(method, "https://"+h.host+path, bytes.NewReader(body))
		if err != nil {
			h.t.Fatal(err)
		}
		r.Header.Set("X-Citizen-Session", session)
		answer, err := client.Do(r)
		if err != nil {
			h.t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			h.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
		}
		if err := json.Unmarshal(text, out); err != nil {
			h.t.Fatal(err)
		}
		return text
	}
	var challenge api.Challenge
	call("POST", "/api/v1/challenges", nil, &challenge)
	var citizen api.CitizenSession
	call("POST", "/api/v1/citizen/sessions", api.SignedChallenge{Challenge: challenge.Challenge, Signature: cms("auth", challenge.Challenge)}, &citizen)
	if session = citizen.Session; citizen.Person.Iin != iin {
		h.t.Errorf("signed in: %+v", citizen.Person)
	}
	var sent api.CodeSent
	answer := call("POST", "/api/v1/citizen/codes", api.CodeQuery{Kind: api.KindReissue}, &sent)
	var codes []struct{ Code string }
	if err := json.Unmarshal([]byte(h.run("code", "list", "--json")), &codes); err != nil || len(codes) != 1 || len(codes[0].Code) != 6 {
		h.t.Fatalf("codes: %+v %v", codes, err)
	}
	if !strings.Contains(h.log.String(), codes[0].Code) {
		h.t.Error("the code is not on the console")
	}
	if bytes.Contains(answer, []byte(codes[0].Code)) {
		h.t.Error("the kiosk was sent the code")
	}
	cert := h.certificate("sign.pem")
	document, err := registry.Application{Version: registry.DocumentVersion, Number: registry.NewNumber("1001", 1), Kind: registry.KindRevocation, IIN: iin,
		Name: registry.Name{Surname: "СЫНАҚ"}, Consent: registry.Default().Agreement.Consent("kk"), Device: "hall", CreatedAt: time.Now().UTC().Truncate(time.Second),
		Revocation: &registry.Revocation{Reason: "compromise", Certificates: []registry.CertificateRef{{Issuer: cert.RawIssuer, Serial: strings.ToLower(hexSerial(cert))}}}}.Encode()
	if err != nil {
		h.t.Fatal(err)
	}
	signature := cms("sign", document)
	var filed api.ApplicationStatus
	call("PUT", "/api/v1/applications/"+registry.NewNumber("1001", 1), api.Filing{Document: document, Signature: &signature}, &filed)
	if filed.Status != api.StatusConfirmed {
		h.t.Errorf("the application is %s", filed.Status)
	}
	h.must(h.signed("rsa-sign", "hall", "-cmd", "rr", "-oldcert", "sign.pem", "-revreason", "1")...)
	if out := h.must("ocsp", "-issuer", "ca/issuing.pem", "-cert", "sign.pem", "-CAfile", "ca/root.pem", "-url", h.plain+"/ocsp"); !strings.Contains(out, "sign.pem: revoked") || !strings.Contains(out, "keyCompromise") {
		h.t.Errorf("OCSP:\n%s", out)
	}
	h.fetch(h.plain+"/crl/issuing.crl", "issuing.crl")
	h.must("crl", "-inform", "DER", "-in", "issuing.crl", "-out", "issuing.crl.pem")
	if out, err := h.openssl("verify", "-crl_check", "-CAfile", "ca/root.pem", "-untrusted", "ca/issuing.pem", "-CRLfile", "issuing.crl.pem", "sign.pem"); err == nil || !strings.Contains(out, "revoked") {
		h.t.Errorf("by the list: %v\n%s", err, out)
	}
	var list api.OwnCertificates
	call("GET", "/api/v1/citizen/certificates?status=revoked", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Serial != strings.ToLower(hexSerial(cert)) {
		h.t.Errorf("in the citizen's list: %+v", list.Items)
	}
}

// hexSerial is a serial number in whole octets.
func hexSerial(cert *x509.Certificate) string {
	text := cert.SerialNumber.Text(16)
	if len(text)%2 == 1 {
		return "0" + text
	}
	return text
}

// device is an HTTP client with a device's key and certificate out of the house.
func (h *house) device(name string) *http.Client {
	h.t.Helper()
	pair, err := tls.LoadX509KeyPair(h.path(name+".pem"), h.path(name+".key"))
	if err != nil {
		h.t.Fatal(err)
	}
	pair.Certificate = append(pair.Certificate, h.certificate("ca/issuing.pem").Raw)
	roots := x509.NewCertPool()
	roots.AddCert(h.certificate("ca/root.pem"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}
