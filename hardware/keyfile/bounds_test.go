package keyfile

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// maxAllocated is how many bytes one reading may take in all, freed or not: some forty times the largest file.
const maxAllocated = 40 * MaxSize

// allocated measures what f takes from memory in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// endless gives the same octets over and over.
type endless []byte

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// filled makes a file as long as may be: what it is given, then one large leaf.
func filled(tag byte, parts ...*element) []byte {
	pfx := node(0x30, append([]*element{leaf(2, []byte{3})}, parts...)...)
	room := MaxSize - len(pfx.der()) - 16
	pfx.add(leaf(tag, make([]byte, room)))
	return pfx.der()
}

// dataInfo is a ContentInfo of type data.
func dataInfo(content []byte) *element {
	return node(0x30, leafOID(oidData), node(0xa0, leaf(0x04, content)))
}

// pfxOf is a file without MAC.
func pfxOf(content []byte) []byte {
	return node(0x30, leaf(2, []byte{3}), dataInfo(content)).der()
}

// macked is a file with a MAC over content.
func macked(content []byte, iterations int) []byte {
	salt := make([]byte, 20)
	sum := macOf(digestSHA1, NewPassword(testPassword), salt, 1, content)
	return node(0x30, leaf(2, []byte{3}), dataInfo(content),
		node(0x30, node(0x30, node(0x30, leafOID(digestSHA1.oid), leaf(5, nil)), leaf(4, sum)), leaf(4, salt), leafInt(iterations))).der()
}

// Every bad file gets a clear answer, with bounded memory and bounded steps of key derivation.
func TestOpen_IsBoundedInMemoryAndTime(t *testing.T) {
	few := func(change func(*recipe)) []byte {
		r := ncaRecipe(t, gostPerson())
		r.iterations = 1
		change(&r)
		return r.bake(t)
	}
	whole := few(func(*recipe) {})
	random := rand.New(rand.NewPCG(5, 6))
	noise := make([]byte, MaxSize)
	for i := range noise {
		noise[i] = byte(random.IntN(256))
	}
	asked := func(cipher symmetric, iterations, keys int) []byte { // seals that are never opened, so that writing them costs nothing
		r := recipe{certs: ncaRecipe(t, gostPerson()).certs}
		r.iterations = 1
		bags := node(0x30)
		for range keys {
			id := node(0x30, leafOID(cipher.oid), node(0x30, leaf(4, make([]byte, 8)), leafInt(iterations)))
			bags.add(node(0x30, leafOID(oidShroudedKeyBag), node(0xa0, node(0x30, id, leaf(4, make([]byte, 64))))))
		}
		return macked(node(0x30, dataInfo(bags.der())).der(), 1)
	}
	bomb := func(n int, wrap func([]byte) []byte) []byte {
		inner := []byte{0x30, 0}
		for range n {
			if next := wrap(inner); len(next) < MaxSize-200 {
				inner = next
			}
		}
		return inner
	}
	inSafe := func(bags []byte) []byte { return macked(node(0x30, dataInfo(bags)).der(), 1) }
	contentsInContents := func(inner []byte) []byte {
		return node(0x30, node(0x30, leafOID(append(oidKeyBag[:len(oidKeyBag)-1:len(oidKeyBag)-1], 6)), node(0xa0, raw(inner)))).der()
	}
	for name, c := range map[string]struct {
		data []byte
		want error // nil: it opens
	}{
		"nothing":                         {nil, ErrDamaged},
		"one octet":                       {[]byte{0x30}, ErrDamaged},
		"half":                            {whole[:len(whole)/2], ErrDamaged},
		"one octet less":                  {whole[:len(whole)-1], ErrDamaged},
		"one octet more":                  {append(bytes.Clone(whole), 0), ErrDamaged},
		"twice":                           {append(bytes.Clone(whole), whole...), ErrDamaged},
		"one octet too large":             {make([]byte, MaxSize+1), ErrTooLarge},
		"zeros":                           {make([]byte, MaxSize), ErrDamaged},
		"noise":                           {noise, ErrDamaged},
		"noise in a sequence":             {node(0x30, raw(noise[:MaxSize-8])).der(), ErrDamaged},
		"text":                            {bytes.Repeat([]byte("-----BEGIN "), 1000), ErrDamaged},
		"an endless sequence":             {bytes.Repeat([]byte{0x30, 0x80}, MaxSize/2), ErrDamaged},
		"sequences in sequences":          {bomb(5000, func(b []byte) []byte { return node(0x30, raw(b)).der() }), ErrDamaged},
		"pieces in pieces":                {bomb(5000, func(b []byte) []byte { return node(0x24, raw(b)).ber() }), ErrDamaged},
		"a length of 2 GB":                {[]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 3}, ErrDamaged},
		"a length of 4 GB":                {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 3}, ErrDamaged},
		"a length of 18 EB":               {[]byte{0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ErrDamaged},
		"a length in a length":            {bytes.Repeat([]byte{0x30, 0xfe}, 200), ErrDamaged},
		"itself in itself":                {pfxOf(pfxOf(pfxOf(whole))), ErrDamaged},
		"files in files, as deep as goes": {bomb(200, pfxOf), ErrDamaged},
		"contents in contents":            {inSafe(bomb(4, contentsInContents)), nil}, // not looked into
		"contents in contents in …":       {inSafe(bomb(1000, contentsInContents)), ErrDamaged},
		"ever so many elements":           {node(0x30, leaf(2, []byte{3}), raw(bytes.Repeat([]byte{5, 0}, 100_000))).der(), ErrDamaged},
		"ever so many bags":               {inSafe(node(0x30, raw(bytes.Repeat(bagOf(oidCRLBag, []byte{5, 0}), 1000))).der()), ErrUnsupported},
		"ever so many parts":              {macked(node(0x30, raw(bytes.Repeat(dataInfo([]byte{0x30, 0}).der(), 1000))).der(), 1), ErrDamaged},
		"a large stranger":                {filled(4, dataInfo([]byte{0x30, 0})), ErrDamaged},
		"a large MAC":                     {filled(0x30, dataInfo([]byte{0x30, 0})), ErrDamaged},
		"a million steps":                 {macked(node(0x30).der(), 1_000_000), ErrPassword}, // spent, for that could be an honest file
		"four million steps and one":      {macked(node(0x30).der(), MaxIterations+1), ErrUnsupported},
		"two milliard steps":              {macked(node(0x30).der(), 1<<31-1), ErrUnsupported},
		"18 trillion steps":               {macked(node(0x30).der(), 1<<62), ErrUnsupported},
		"no step":                         {macked(node(0x30).der(), 0), ErrDamaged},
		"steps backwards":                 {macked(node(0x30).der(), -5), ErrDamaged},
		"a million and a third a key":     {asked(cipher3DES, MaxIterations/3+1, 1), ErrUnsupported},
		"a hundred thousand for each":     {asked(cipherNamed("RC2-40"), 100_000, 30), ErrUnsupported},
		"a certificate of names":          {few(func(r *recipe) { r.certs = append(r.certs, recipeCert{der: certificateOfNames(t)}) }), nil},
		"a certificate of attributes":     {few(func(r *recipe) { r.certs = append(r.certs, recipeCert{der: certificateOfAttributes(t)}) }), nil},
		"a key as large as the file":      {few(func(r *recipe) { r.keys[0].pkcs8 = hugeKey() }), nil}, // named, not used
	} {
		m := &meter{}
		_, err := decode(c.data, NewPassword(testPassword), m)
		if len(c.data) <= MaxSize && (c.want == nil) != (err == nil) || len(c.data) <= MaxSize && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if m.spent > MaxIterations {
			t.Errorf("%s: %d steps of key derivation", name, m.spent)
		}
		if c.want == ErrUnsupported && m.spent > 2 {
			t.Errorf("%s: refused, but only after %d steps of key derivation", name, m.spent)
		}
		if name == "a million steps" { // once is enough
			continue
		}
		in := &counted{Reader: bytes.NewReader(c.data)}
		used := allocated(func() { _, err = Open(in, NewPassword(testPassword)) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: Open: %v, want %v", name, err, c.want)
		}
		if used > maxAllocated || in.n > MaxSize+1 {
			t.Errorf("%s: %d bytes of memory for %d bytes, of which %d were read", name, used, len(c.data), in.n)
		}
		t.Logf("%-34s %8d bytes of memory, %7d steps: %v", name, used, m.spent, err)
	}
	in := &counted{Reader: endless(whole)}
	var err error
	if used := allocated(func() { _, err = Open(in, NewPassword(testPassword)) }); !errors.Is(err, ErrTooLarge) || in.n > MaxSize+1 || used > maxAllocated {
		t.Errorf("endless: %v after %d bytes, %d of memory", err, in.n, used)
	}
	broken := errors.New("the medium is broken")
	if _, err := Open(io.MultiReader(bytes.NewReader(whole[:9]), iotestErr{broken}), NewPassword(testPassword)); !errors.Is(err, broken) {
		t.Errorf("a broken medium: %v", err)
	}
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

// Keys that only show themselves once a part is open are counted too.
func TestOpen_CountsStepsOfWhatOpensOnlyLater(t *testing.T) {
	r := ncaRecipe(t, gostPerson())
	r.iterations = 1
	id := node(0x30, leafOID(cipher3DES.oid), node(0x30, leaf(4, make([]byte, 8)), leafInt(MaxIterations/3)))
	hungry := node(0x30, leafOID(oidShroudedKeyBag), node(0xa0, node(0x30, id, leaf(4, make([]byte, 64))))).der()
	r.extra = bytes.Repeat(hungry, 20)
	m := &meter{}
	if _, err := decode(r.bake(t), NewPassword(testPassword), m); !errors.Is(err, ErrUnsupported) || m.spent > MaxIterations {
		t.Errorf("%v after %d steps", err, m.spent)
	}
}

// What is derived is what is counted.
func TestMeter_CountsEveryStep(t *testing.T) {
	for _, s := range []scheme{
		{cipher: cipher3DES, iterations: 10}, {cipher: cipherNamed("RC2-40"), iterations: 7}, {cipher: cipherAES256, iterations: 5, prf: &digestSHA1, iv: make([]byte, 16)},
	} {
		m := &meter{}
		if _, _, err := s.block(NewPassword("x"), m); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"3DES": 30, "RC2-40": 14, "AES-256": 10}[s.cipher.name]
		if m.spent != want || s.cost() != want {
			t.Errorf("%s: %d steps counted, %d said, want %d", s.cipher.name, m.spent, s.cost(), want)
		}
	}
}

// certificateOfNames is one certificate that fills a file with names.
func certificateOfNames(t *testing.T) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now()}
	for i := range 20_000 {
		template.DNSNames = append(template.DNSNames, fmt.Sprint("a", i))
	}
	return selfSigned(template, ecPerson().Key).Raw
}

// certificateOfAttributes is one certificate that fills a file with the smallest attributes there are, twice.
func certificateOfAttributes(t *testing.T) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now()}
	for range 9_000 {
		template.Subject.ExtraNames = append(template.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: oidSurname, Value: ""})
	}
	return selfSigned(template, ecPerson().Key).Raw
}

// hugeKey says that it is an RSA key of a million bits.
func hugeKey() []byte {
	number := bytes.Repeat([]byte{0x7f}, 20_000)
	key := node(0x30, leaf(2, []byte{0}))
	for range 8 {
		key.add(leaf(2, number))
	}
	return node(0x30, leaf(2, []byte{0}), node(0x30, leafOID(known[0].under), leaf(5, nil)), leaf(4, key.der())).der()
}
