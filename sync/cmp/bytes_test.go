package cmp

import (
	"bytes"
	"context"
	"encoding/asn1"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// flows gives the messages of whole exchanges, requests and answers.
func flows(t testing.TB) (w *world, requests, replies [][]byte) {
	t.Helper()
	w = newWorld(t)
	ctx := context.Background()
	w.authority.share("kiosk-7", "0123456789abcdef")
	record := func(c *Client) *Client {
		line := &tap{}
		line.reply = func(_ int, der []byte) ([]byte, error) {
			requests, replies = append(requests, line.sent[len(line.sent)-1]), append(replies, der)
			return der, nil
		}
		c.HTTP = &http.Client{Transport: line}
		return c
	}
	c, x := record(w.macClient("kiosk-7", "0123456789abcdef")), NewTransaction(newID(t))
	a, err := c.IR(ctx, x, Template{RawSubject: emptyName, Key: newEC(t)})
	if err == nil {
		err = c.Confirm(ctx, x, a.Certificate)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.authority.open(-1)
	c, x = record(w.client(t)), NewTransaction(newID(t))
	_, err = c.P10CR(ctx, x, newCSR(t, newRSA(t)))
	if err == nil {
		_, err = c.Poll(ctx, x)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.authority.approve()
	if a, err = c.Poll(ctx, x); err != nil {
		t.Fatal(err)
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	if err := c.Revoke(ctx, NewTransaction(newID(t)), Revocation{Issuer: w.ca.cert.RawSubject, Serial: a.Certificate.SerialNumber, Reason: 1}); err != nil {
		t.Fatal(err)
	}
	x = NewTransaction(newID(t))
	if _, err := c.KUR(ctx, x, Template{Key: newEC(t)}, w.device); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CACerts(ctx); err != nil {
		t.Fatal(err)
	}
	return w, requests, replies
}

func TestServer_RefusesEveryMessageWithOneBitChanged(t *testing.T) {
	w, requests, _ := flows(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := mathrand.New(mathrand.NewPCG(seed, 0))
	w.authority.with(func(a *memory) { a.spent = map[string]bool{} })
	_, before := w.authority.counted("")
	for n, request := range requests {
		for range 60 {
			at, bit := chance.IntN(len(request)), byte(1)<<chance.IntN(8)
			bad := bytes.Clone(request)
			bad[at] ^= bit
			w.authority.with(func(a *memory) { a.badMACs = map[string]int{} })
			m, err := parseMessage(w.server.Handle(context.Background(), "device", bad))
			if err != nil {
				t.Fatal(err)
			}
			// extraCerts is not protected (RFC 9810 §5.1.3): what is changed there beyond the signer's own certificate changes nothing,
			// but these messages bring only that one.
			if m.kind != bodyError {
				t.Fatalf("message %d, octet %d, bit %#x: answered by %v", n, at, bit, m.kind)
			}
		}
	}
	if _, after := w.authority.counted(""); after != before {
		t.Fatal("a changed message became a request")
	}
}

func TestClient_RefusesEveryAnswerWithOneBitChanged(t *testing.T) {
	w := newWorld(t)
	w.authority.share("kiosk-7", "0123456789abcdef")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := mathrand.New(mathrand.NewPCG(seed, 0))
	for name, c := range map[string]*Client{"MAC": w.macClient("kiosk-7", "0123456789abcdef"), "signature": w.client(t)} {
		c.HTTP = &http.Client{Transport: &tap{reply: func(_ int, der []byte) ([]byte, error) {
			// The answer's extraCerts may hold certificates nobody needs; the signer's is needed.
			bad := bytes.Clone(der)
			bad[chance.IntN(len(bad))] ^= 1 << chance.IntN(8)
			return bad, nil
		}}}
		x, key := NewTransaction(newID(t)), newEC(t)
		for range 200 {
			a, err := c.IR(context.Background(), x, Template{RawSubject: emptyName, Key: key})
			if err == nil || !Temporary(err) || x.State != "" || !x.Pending() {
				t.Fatalf("%s: %+v, %v, state %q", name, a, err, x.State)
			}
		}
	}
}

// vectors gives the DER messages of reference flows, from beside the repository; the tests that want them skip where they are not.
func vectors(t testing.TB) map[string][]byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
	root, found := filepath.Join(dir, "..", "shared", "vectors", "cmp"), map[string][]byte{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[name] = data
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestMessage_ReadsTheReferenceFlowsAndWritesThemBackOctetByOctet(t *testing.T) {
	all := vectors(t)
	if len(all) == 0 {
		t.Skip("the reference flows (../shared/vectors/cmp) are not here")
	}
	for name, der := range all {
		m, err := parseMessage(der)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := rewrite(m, der); err != nil {
			t.Errorf("%s (%v): %v", name, m.kind, err)
		}
		if err := readBody(m); err != nil {
			t.Errorf("%s (%v): %v", name, m.kind, err)
		}
		if _, isMAC, err := parseMAC(m.header.protectionAlg); errors.Is(err, errMACParameters) && strings.HasPrefix(name, "IrWithMacProtection/downstream_") {
			continue // PBKDF2 for a key of 4096 octets: 1.28 million rounds, beyond our bounds
		} else if err != nil {
			t.Errorf("%s: MAC %v, %v", name, isMAC, err)
		} else if !isMAC {
			if _, err := m.signer(); err != nil {
				t.Errorf("%s: signature: %v", name, err)
			}
		}
	}
}

// rewrite checks that a message that was read is written back as it was, also with its header made anew from its fields.
func rewrite(m *message, der []byte) error {
	out, err := m.marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(out, der) {
		return errors.New("the frame is written otherwise than it was read")
	}
	fresh, err := newMessage(m.header, m.kind, func(b *cryptobyte.Builder) { b.AddBytes(m.body) })
	if err != nil {
		return err
	}
	again, err := parseHeader(fresh.headerDER)
	if err != nil {
		return err
	}
	if !sameHeader(&again, &m.header) {
		return errors.New("the header reads otherwise than it was written")
	}
	return nil
}

func sameHeader(a, b *header) bool {
	for _, pair := range [][2][]byte{{a.sender, b.sender}, {a.recipient, b.recipient}, {a.transactionID, b.transactionID}, {a.senderNonce, b.senderNonce},
		{a.recipNonce, b.recipNonce}, {a.senderKID, b.senderKID}, {a.recipKID, b.recipKID}, {a.protectionAlg.params, b.protectionAlg.params}} {
		if !bytes.Equal(pair[0], pair[1]) {
			return false
		}
	}
	return a.version == b.version && a.messageTime.Equal(b.messageTime) && a.protectionAlg.id.Equal(b.protectionAlg.id) && len(a.general) == len(b.general) && len(a.freeText) == len(b.freeText)
}

// readBody reads a body by its kind, and where a body is written by this package too, checks that it is written back as it was.
func readBody(m *message) error {
	var written bodyBuilder
	switch m.kind {
	case bodyIR, bodyCR, bodyKUR:
		r, err := parseRequests(m.body)
		if err != nil {
			return err
		}
		if r.proof.kind == proofSignature {
			return r.verify()
		}
		return nil
	case bodyIP, bodyCP, bodyKUP:
		r, err := parseCertResponse(m.body)
		if err != nil {
			return err
		}
		written = r.body()
	case bodyCertConf:
		c, err := parseCertConf(m.body)
		if err != nil {
			return err
		}
		written = c.body()
	case bodyPollReq:
		id, err := parsePollRequest(m.body)
		if err != nil {
			return err
		}
		written = pollRequestBody(id)
	case bodyPollRep:
		r, err := parsePollResponse(m.body)
		if err != nil {
			return err
		}
		written = r.body()
	case bodyRR:
		r, err := parseRevocation(m.body)
		if err != nil {
			return err
		}
		written = r.body()
	case bodyRP:
		info, err := parseRevocationResponse(m.body)
		if err != nil {
			return err
		}
		written = revocationResponseBody(info)
	case bodyError:
		c, err := parseError(m.body)
		if err != nil {
			return err
		}
		written = c.body()
	case bodyNested:
		inner, err := parseNested(m.body)
		if err != nil {
			return err
		}
		written = nestedBody(inner)
	default:
		return nil
	}
	fresh, err := newMessage(m.header, m.kind, written)
	if err != nil {
		return err
	}
	if !bytes.Equal(fresh.bodyDER, m.bodyDER) {
		return errBody
	}
	return nil
}

var errBody = errors.New("the body is written otherwise than it was read")

// FuzzMessage: whatever comes is read without a panic, and what was read as a message is written back as it was.
func FuzzMessage(f *testing.F) {
	_, requests, replies := flows(f)
	for _, der := range append(requests, replies...) {
		f.Add(der)
	}
	for _, der := range vectors(f) {
		f.Add(der)
	}
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		m, err := parseMessage(der)
		if err != nil {
			return
		}
		if err := rewrite(m, der); err != nil {
			t.Fatal(err)
		}
		_ = readBody(m)
		_, _, _ = parseMAC(m.header.protectionAlg)
		_, _ = parseCACerts(m.body)
	})
}

func TestFailure_IsWrittenAsANamedBitList(t *testing.T) {
	for bit := range failureBits {
		info := PKIStatusInfo{Status: Rejection, Text: []string{"а"}, Fail: 1<<bit | BadAlg}
		m, err := newMessage(header{version: 2, sender: directoryName(nil), recipient: directoryName(nil)}, bodyError, errorContent{info: info, code: 7, details: []string{"x"}}.body())
		if err != nil {
			t.Fatal(err)
		}
		der, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		read, err := parseMessage(der)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseError(read.body)
		if err != nil || c.info.Fail != info.Fail || c.code != 7 {
			t.Fatalf("bit %d: %+v, %v", bit, c, err)
		}
		// The standard library is asked as a second opinion.
		var plain struct {
			Info struct {
				Status int
				Text   []asn1.RawValue
				Fail   asn1.BitString
			}
			Code    int
			Details []asn1.RawValue
		}
		if rest, err := asn1.Unmarshal(read.body, &plain); err != nil || len(rest) > 0 || plain.Info.Fail.At(bit) != 1 || plain.Info.Fail.BitLength != bit+1 {
			t.Fatalf("bit %d: %+v, %v", bit, plain, err)
		}
	}
}
