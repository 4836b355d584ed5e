package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/sync/pki"
)

// largeList is the size of НУЦ's largest list, in octets.
const largeList = 20 << 20

// writeLarge signs a list of about so many octets into a file; last, if not nil, is its last entry.
func writeLarge(t testing.TB, h house, octets int, last *big.Int) (path string, entries int) {
	t.Helper()
	parts := elements(t, elements(t, h.list(t, nil, x509.RevocationListEntry{SerialNumber: big.NewInt(1), RevocationTime: time.Now(), ReasonCode: 1}))[0])
	like := elements(t, elements(t, parts[5])[0])
	var list bytes.Buffer
	list.Grow(octets + 1<<10)
	rest := slices.Concat(like[1], like[2])
	head := []byte{0x30, byte(22 + len(rest)), 2, 20, 0x35, 18: 0, 23: 0} // a serial number of 20 octets
	for ; list.Len() < octets; entries++ {
		binary.BigEndian.PutUint64(head[16:], uint64(entries)*0x9e3779b97f4a7c15)
		list.Write(head)
		list.Write(rest)
	}
	if last != nil {
		list.Write(element(cbasn1.SEQUENCE, element(cbasn1.INTEGER, last.Bytes()), rest))
		entries++
	}
	parts[5] = element(cbasn1.SEQUENCE, list.Bytes())
	tbs := element(cbasn1.SEQUENCE, parts...)
	algorithm, signature, err := pki.SignBytes(h.key, tbs)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "large.crl")
	if err := os.WriteFile(path, element(cbasn1.SEQUENCE, tbs, algorithm, element(cbasn1.BIT_STRING, []byte{0}, signature)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, entries
}

// lookup reads a list from its file and gives the octets it allocated meanwhile, freed ones included.
func lookup(t testing.TB, path string, h house) (pki.Answer, uint64) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	answer := pki.LookupCRL(file, h.cert, h.issuer, time.Now())
	runtime.ReadMemStats(&after)
	return answer, after.TotalAlloc - before.TotalAlloc
}

// A kiosk has little memory and НУЦ's list 20 MB: everything that a look allocates, not only what it keeps,
// stays under 4 MB.
func TestLookupCRL_ReadsTwentyMegabytesInLittleMemory(t *testing.T) {
	size := largeList
	if underRace {
		size /= 10
	}
	for _, h := range houses(t) {
		path, entries := writeLarge(t, h, size, h.cert.SerialNumber)
		other := *h.cert
		other.SerialNumber = big.NewInt(4)
		absent := h
		absent.cert = &other
		for _, test := range []struct {
			name  string
			house house
			state pki.Revocation
		}{{"its last entry", h, pki.Revoked}, {"not on it", absent, pki.Good}} {
			answer, allocated := lookup(t, path, test.house)
			wantAnswer(t, h.name+": "+test.name, answer, test.state, nil)
			if allocated > 4<<20 {
				t.Errorf("%s: %s: %d octets for %d entries", h.name, test.name, allocated, entries)
			}
		}
	}
}

func TestLookupCRL_BoundsWhatItReads(t *testing.T) {
	h := houses(t)[0]
	endless := io.MultiReader(bytes.NewReader([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}), zeros{})
	wantAnswer(t, "a list of two gigabytes", pki.LookupCRL(endless, h.cert, h.issuer, time.Now()), pki.Unknown, pki.ErrUnverified)
	whole := h.list(t, nil)
	counted := &counter{in: io.MultiReader(bytes.NewReader(whole), zeros{})}
	wantAnswer(t, "octets without end after the list", pki.LookupCRL(counted, h.cert, h.issuer, time.Now()), pki.Unknown, pki.ErrUnverified)
	if counted.read > 1<<20 {
		t.Errorf("it read %d octets", counted.read)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type counter struct {
	in   io.Reader
	read int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read += n
	return n, err
}

// BenchmarkLookupCRL_LargeList compares a look into a list of 20 MB with reading the whole of it by
// crypto/x509, in one run.
func BenchmarkLookupCRL_LargeList(b *testing.B) {
	families := houses(b)
	figures := map[string]float64{}
	for _, h := range families {
		path, entries := writeLarge(b, h, largeList, nil)
		took, allocated := time.Duration(0), uint64(0)
		for range b.N {
			began := time.Now()
			answer, more := lookup(b, path, h)
			took, allocated = took+time.Since(began), more
			if answer.State != pki.Good {
				b.Fatal(answer.Err)
			}
		}
		figures[h.name+"-lookup-ms"] = float64(took.Microseconds()) / 1000 / float64(b.N)
		figures[h.name+"-lookup-MB"] = float64(allocated) / (1 << 20)
		figures["entries"] = float64(entries)
		if h.name == "RSA" {
			whole(b, path, h, figures)
		}
	}
	figures["ratio"] = figures["RSA-lookup-ms"] / figures["whole-ms"]
	for name, value := range figures {
		b.ReportMetric(value, name)
	}
	b.ReportMetric(0, "ns/op")
}

// whole measures what crypto/x509 needs for the same answer.
func whole(b *testing.B, path string, h house, figures map[string]float64) {
	b.Helper()
	took := time.Duration(0)
	var before, after runtime.MemStats
	for range b.N {
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		list, err := x509.ParseRevocationList(read(b, path))
		if err != nil {
			b.Fatal(err)
		}
		if err := list.CheckSignatureFrom(h.issuer); err != nil {
			b.Fatal(err)
		}
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(h.cert.SerialNumber) == 0 {
				b.Fatal("on the list")
			}
		}
		took += time.Since(began)
		runtime.ReadMemStats(&after)
	}
	figures["whole-ms"] = float64(took.Microseconds()) / 1000 / float64(b.N)
	figures["whole-MB"] = float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
}
