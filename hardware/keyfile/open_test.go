package keyfile

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func open(t testing.TB, data []byte) File {
	t.Helper()
	f, err := Open(bytes.NewReader(data), NewPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOpen_ReadsTheAuthoritysDialect(t *testing.T) {
	for name, entry := range map[string]Entry{"GOST": gostPerson(), "RSA for signing in": authPerson(), "RSA for signing": signPerson()} {
		for kind, change := range map[string]func(*recipe){
			"as it is":           func(*recipe) {},
			"in pieces":          func(r *recipe) { r.pieces = 1000 },
			"in tiny pieces":     func(r *recipe) { r.pieces = 7 },
			"in one":             func(r *recipe) { r.pieces = -1 },
			"DER inside":         func(r *recipe) { r.derInside = true },
			"BER outside":        func(r *recipe) { r.outside = true },
			"everything 3DES":    func(r *recipe) { r.certCipher = cipher3DES },
			"everything RC2-128": func(r *recipe) { r.certCipher, r.keyCipher = cipherNamed("RC2-128"), cipherNamed("RC2-128") },
			"two-key 3DES":       func(r *recipe) { r.keyCipher = cipherNamed("3DES-2") },
			"without MAC":        func(r *recipe) { r.noMAC = true },
			"certificates open":  func(r *recipe) { r.plainCerts = true },
			"key open":           func(r *recipe) { r.plainKeys = true },
		} {
			r := ncaRecipe(t, entry)
			change(&r)
			f := open(t, r.bake(t))
			if len(f.Keys) != 1 || len(f.Loose) != 0 || f.Unread != 0 {
				t.Errorf("%s, %s: %+v", name, kind, f)
				continue
			}
			k := f.Keys[0]
			if !samePublic(k.Key.Public(), entry.Key.Public()) || !k.Certificate.Equal(entry.Certificate) || use(k.Key, publicOf(k.Certificate)) != nil {
				t.Errorf("%s, %s: another key or certificate came out", name, kind)
			}
			id := hex.EncodeToString(k.Certificate.SubjectKeyId)
			if k.FriendlyName != id || f.FriendlyName != id || hex.EncodeToString(k.LocalKeyID) != id {
				t.Errorf("%s, %s: names %q, %q, %x", name, kind, f.FriendlyName, k.FriendlyName, k.LocalKeyID)
			}
			want := DialectNCA
			switch kind {
			case "BER outside":
				want = DialectBouncyCastle
			case "DER inside":
				want = DialectOther
			}
			if f.Dialect != want {
				t.Errorf("%s, %s: dialect %s", name, kind, f.Dialect)
			}
			if kind == "as it is" && f.Protection != (Protection{"SHA-1", "3DES", "RC2-40", 1024}) {
				t.Errorf("%+v", f.Protection)
			}
		}
	}
}

// A wrong password is told as that, of every kind of file, with a MAC and without one; and a right one never.
func TestOpen_TellsWrongPasswordFromDamageInEveryDialect(t *testing.T) {
	for kind, change := range map[string]func(*recipe){
		"authority's":          func(*recipe) {},
		"in pieces":            func(r *recipe) { r.pieces = 300 },
		"BER outside":          func(r *recipe) { r.outside = true },
		"without MAC":          func(r *recipe) { r.noMAC = true },
		"certificates only":    func(r *recipe) { r.keys = nil },
		"without MAC, one key": func(r *recipe) { r.noMAC, r.certs = true, nil },
	} {
		t.Run(kind, func(t *testing.T) {
			r := ncaRecipe(t, gostPerson())
			r.iterations = 2
			change(&r)
			whole := r.bake(t)
			open(t, whole)
			for i := range 2000 { // as many as would show a check that trusts a padding (1 in 256) and one octet more (1 in 65,536) now and then
				wrong := fmt.Sprintf("Qwerty%d", i)
				if _, err := Open(bytes.NewReader(whole), NewPassword(wrong)); !errors.Is(err, ErrPassword) || errors.Is(err, ErrDamaged) {
					t.Fatalf("wrong password %q: %v", wrong, err)
				}
			}
			if kind == "without MAC, one key" { // nothing but the one sealed thing could speak for the password
				return
			}
			random := rand.New(rand.NewPCG(3, 4))
			for i := range whole {
				broken := bytes.Clone(whole)
				broken[i] ^= byte(1 + random.IntN(255))
				f, err := Open(bytes.NewReader(broken), NewPassword(testPassword))
				switch {
				case err == nil && r.noMAC: // nothing speaks for what lies open, and a name can be changed unseen
				case err == nil:
					t.Fatalf("byte %d changed from %#x to %#x, and it opened: %+v", i, whole[i], broken[i], f)
				case errors.Is(err, ErrPassword) && !(r.noMAC && len(r.keys) == 0) && !(kind == "certificates only"):
					t.Fatalf("byte %d changed from %#x to %#x: %v", i, whole[i], broken[i], err)
				}
			}
			for n := range whole {
				if _, err := Open(bytes.NewReader(whole[:n]), NewPassword(testPassword)); !errors.Is(err, ErrDamaged) {
					t.Fatalf("cut off after %d bytes: %v", n, err)
				}
			}
		})
	}
}

func TestOpen_TellsKeysAndCertificatesThatStandAlone(t *testing.T) {
	rsa, gost, ec := ncaRecipe(t, signPerson()), ncaRecipe(t, gostPerson()), ecPerson()
	stranger := ncaRecipe(t, authPerson())
	r := recipe{keys: []recipeKey{rsa.keys[0], gost.keys[0]}, certs: []recipeCert{gost.certs[0], stranger.certs[0], {ec.Certificate.Raw, nil, "сервер"}}}
	f := open(t, r.bake(t))
	if len(f.Keys) != 2 || f.Keys[0].Certificate != nil || f.Keys[0].Algorithm != AlgorithmRSA || f.Keys[0].Bits != 2048 {
		t.Errorf("key without certificate: %+v", f.Keys)
	}
	if f.Keys[1].Algorithm != AlgorithmGOST2015 || f.Keys[1].Bits != 512 || !f.Keys[1].Certificate.Equal(gostPerson().Certificate) {
		t.Errorf("GOST key: %+v", f.Keys[1])
	}
	if len(f.Loose) != 2 || !f.Loose[0].Equal(authPerson().Certificate) || !f.Loose[1].Equal(ec.Certificate) {
		t.Errorf("certificates without key: %v", f.Loose)
	}
	if _, err := Read(bytes.NewReader(r.bake(t)), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Read: %v", err)
	}
	for name, r := range map[string]recipe{"only a key": {keys: rsa.keys}, "only a certificate": {certs: rsa.certs}, "nothing": {}} {
		data := r.bake(t)
		f := open(t, data)
		if len(f.Keys) != len(r.keys) || len(f.Loose) != len(r.certs) {
			t.Errorf("%s: %+v", name, f)
		}
		if _, err := Read(bytes.NewReader(data), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: Read: %v", name, err)
		}
	}
}

func TestOpen_NamesKeysItCannotUse(t *testing.T) {
	for name, oid := range map[string]asn1.ObjectIdentifier{"state's": {1, 2, 398, 3, 10, 1, 1, 1, 1}, "before": {1, 3, 6, 1, 4, 1, 6801, 1, 5, 8}} {
		cert := issueOldGOST(oid, ncaTemplate(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, x509.ExtKeyUsageEmailProtection, "1.2.398.3.3.2.1"))
		id, _ := KeyID(cert)
		r := recipe{keys: []recipeKey{{oldGOSTKey(oid), id, hex.EncodeToString(id)}}, certs: []recipeCert{{cert.Raw, id, ""}}}
		f := open(t, r.bake(t))
		if len(f.Keys) != 1 || f.Keys[0].Key != nil || f.Keys[0].Algorithm != AlgorithmGOST2004 || f.Keys[0].Certificate == nil || len(f.Loose) != 0 {
			t.Errorf("%s: %+v", name, f)
		}
		d := Describe(cert)
		if d.Algorithm != AlgorithmGOST2004 || d.Bits != 256 || d.Template != TemplateOldGOST || len(d.Usage) != 2 || d.Owner.IIN != "123456789011" {
			t.Errorf("%s: %+v", name, d)
		}
		if got, want := Name("", cert), "GOSTKNCA_"+hex.EncodeToString(id)+".p12"; got != want {
			t.Errorf("%s: %s", name, got)
		}
		if _, err := Read(bytes.NewReader(r.bake(t)), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "gost2004") {
			t.Errorf("%s: Read: %v", name, err)
		}
	}
	unsound, err := marshalPrivate(gostPerson().Key)
	if err != nil {
		t.Fatal(err)
	}
	clear(unsound[len(unsound)-64:]) // d = 0
	r := ncaRecipe(t, gostPerson())
	r.keys[0].pkcs8 = unsound
	if f := open(t, r.bake(t)); f.Keys[0].Key != nil || f.Keys[0].Algorithm != AlgorithmGOST2015 {
		t.Errorf("%+v", f.Keys[0])
	}
}

// The chain goes upwards by name and key identifier; authorities that name one another in a circle are climbed once each.
func TestOpen_ClimbsTheChainAndNoFurther(t *testing.T) {
	entry := chain()
	r := ncaRecipe(t, entry)
	other, _ := certify("БАСҚА CA", nil, nil)
	for _, cert := range []*x509.Certificate{entry.Chain[1], other, entry.Chain[0], entry.Chain[1]} { // the root twice
		r.certs = append(r.certs, recipeCert{der: cert.Raw})
	}
	f := open(t, r.bake(t))
	if len(f.Keys[0].Chain) != 2 || !f.Keys[0].Chain[0].Equal(entry.Chain[0]) || !f.Keys[0].Chain[1].Equal(entry.Chain[1]) {
		t.Errorf("chain %v", f.Keys[0].Chain)
	}
	if len(f.Loose) != 1 || !f.Loose[0].Equal(other) {
		t.Errorf("loose %v", f.Loose)
	}
	circle := ncaRecipe(t, signPerson())
	circle.certs = nil
	for i, names := range [][2]string{{"person", "A"}, {"A", "B"}, {"B", "C"}, {"C", "A"}} {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: names[0]}, NotAfter: time.Now()}
		issuer := &x509.Certificate{Subject: pkix.Name{CommonName: names[1]}}
		key := authPerson().Key
		if i == 0 {
			key = signPerson().Key
		}
		der, err := x509.CreateCertificate(nil, template, issuer, key.Public(), authPerson().Key)
		if err != nil {
			t.Fatal(err)
		}
		circle.certs = append(circle.certs, recipeCert{der: der})
	}
	if f := open(t, circle.bake(t)); len(f.Keys[0].Chain) != 3 || len(f.Loose) != 0 {
		t.Errorf("a circle of three gave a chain of %d", len(f.Keys[0].Chain))
	}
}

func TestOpen_SaysWhenAPartHasAPasswordOfItsOwn(t *testing.T) {
	for name, change := range map[string]func(*recipe){
		"key":          func(r *recipe) { r.keyPassword = "another" },
		"MAC":          func(r *recipe) { r.password = "another"; r.macPassword = testPassword },
		"unknown seal": func(r *recipe) { r.keyCipher.oid = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 1} },
	} {
		r := ncaRecipe(t, gostPerson())
		r.keyCipher = cipher3DES
		change(&r)
		if _, err := Open(bytes.NewReader(r.bake(t)), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpen_CountsWhatItDoesNotLookInto(t *testing.T) {
	r := ncaRecipe(t, gostPerson())
	r.extra = append(bagOf(oidCRLBag, []byte{5, 0}), bagOf(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 5}, []byte{5, 0})...)
	r.certs = append(r.certs, recipeCert{der: []byte{0x30, 0}, name: "no certificate"})
	if f := open(t, r.bake(t)); f.Unread != 3 || len(f.Keys) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestWrite_KeepsAGOSTKeyAsTheAuthorityDoes(t *testing.T) {
	for name, options := range kinds {
		var out bytes.Buffer
		if err := Write(&out, gostPerson(), NewPassword(testPassword), options); err != nil {
			t.Fatal(err)
		}
		f := open(t, out.Bytes())
		k := f.Keys[0]
		if !samePublic(k.Key.Public(), gostPerson().Key.Public()) || use(k.Key, publicOf(k.Certificate)) != nil || f.Dialect != DialectTirkeu {
			t.Errorf("%s: %+v", name, f)
		}
		entry, err := Read(bytes.NewReader(out.Bytes()), NewPassword(testPassword))
		if err != nil {
			t.Fatal(err)
		}
		if got := Name(TemplateGOST, entry.Certificate); got != "GOST512_"+k.FriendlyName+".p12" || got != Name("", entry.Certificate) {
			t.Errorf("%s: name %s", name, got)
		}
	}
	blob, key, err := Seal([]SealedKey{{TemplateGOST, []byte{1}, gostPerson().Key}}, testNumber, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Unseal(blob, key, testNumber)
	if err != nil || len(keys) != 1 || !samePublic(keys[0].Key.Public(), gostPerson().Key.Public()) {
		t.Errorf("sealed: %v", err)
	}
}

// A key that was certified twice: the certificate that the key's identifier names is its own, else the first; the other is loose.
func TestOpen_TakesTheCertificateThatTheKeyNames(t *testing.T) {
	older := signedOff(t, func(c *x509.Certificate) { c.Subject.CommonName = "older" })
	newer := signedOff(t, func(c *x509.Certificate) { c.Subject.CommonName = "newer" })
	for _, c := range []struct {
		older, newer []byte
		want         *x509.Certificate
	}{{nil, nil, older}, {[]byte{1}, []byte{2}, newer}, {[]byte{2}, []byte{1}, older}, {[]byte{2}, []byte{2}, newer}} {
		r := ncaRecipe(t, signPerson())
		r.keys[0].id = []byte{2}
		r.certs = []recipeCert{{older.Raw, c.older, ""}, {newer.Raw, c.newer, ""}}
		f := open(t, r.bake(t))
		if !f.Keys[0].Certificate.Equal(c.want) || len(f.Loose) != 1 || f.Loose[0].Equal(c.want) {
			t.Errorf("%x, %x: %v", c.older, c.newer, f.Keys[0].Certificate.Subject)
		}
	}
}

// What a wrong password gives passes for something that was changed only if a whole header fits by chance.
func TestTry_BelievesNoHeaderThatDoesNotFit(t *testing.T) {
	plain := func(head string, n int) []byte { return append(unhex(t, head), make([]byte, n-len(head)/2)...) }
	for name, c := range map[string]struct {
		plain     []byte
		bags, key bool
	}{
		"bags":                    {plain("3082013c30820138", 328), true, false},
		"bags, the last padding":  {plain("3082013c30820138", 321), true, false},
		"bags, no padding":        {plain("3082013c30820138", 320), false, false},
		"bags, too much after":    {plain("3082013c30820138", 329), false, false},
		"bags, no bag":            {plain("3082013c04820138", 328), false, false},
		"bags, a short bag":       {plain("3082013c30200138", 328), false, false},
		"bags in BER":             {plain("3080308006", 400), true, false},
		"a short length":          {plain("303c3080", 64), false, false},
		"a key":                   {plain("30819f020100301d", 168), false, true},
		"a later key":             {plain("30819f020101301d", 168), false, true},
		"a key of no version":     {plain("30819f020102301d", 168), false, false},
		"a key without algorithm": {plain("30819f020100041d", 168), false, false},
		"noise":                   {plain("31819f020100301d", 168), false, false},
	} {
		if got := fits(c.plain, 8) && beginsAsBags(c.plain); got != c.bags {
			t.Errorf("%s: as bags %t", name, got)
		}
		if got := fits(c.plain, 8) && beginsAsKey(c.plain); got != c.key {
			t.Errorf("%s: as a key %t", name, got)
		}
	}
}
