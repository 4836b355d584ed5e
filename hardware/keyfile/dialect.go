package keyfile

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// Dialect is the program that wrote a file, by what was seen: a file says nothing of that itself, so it is a hint for people and decides nothing.
type Dialect string

// The dialects that are told apart.
const (
	DialectNCA           Dialect = "nca"            // the authority's own: BER inside DER
	DialectOpenSSL       Dialect = "openssl"        // OpenSSL 3 by itself
	DialectOpenSSLLegacy Dialect = "openssl-legacy" // OpenSSL before 3, or with -legacy
	DialectJava          Dialect = "java"           // keytool
	DialectBouncyCastle  Dialect = "bouncycastle"   // BER all through
	DialectTirkeu        Dialect = "tirkeu"         // [Write]
	DialectOther         Dialect = "other"
)

// dialect weighs the marks that each program leaves.
func (f *file) dialect(out File) Dialect {
	marks := f.marks(out)
	// OpenSSL 3 by itself takes SHA-256 and AES; before, and with -legacy, it took SHA-1 and what comes with it.
	p := out.Protection
	newer := p.MAC != "" && p.MAC != digestSHA1.name || strings.HasPrefix(p.Keys, "AES") || strings.HasPrefix(p.Certificates, "AES")
	switch {
	case marks.java:
		return DialectJava
	case f.berOutside && f.berInside && marks.keyID:
		return DialectBouncyCastle
	case f.berOutside:
		return DialectOther
	case f.berInside && marks.keyID && marks.named:
		return DialectNCA
	case f.berInside:
		return DialectOther
	case marks.fingerprint && newer:
		return DialectOpenSSL
	case marks.fingerprint:
		return DialectOpenSSLLegacy
	case marks.keyID && marks.named && marks.certsFirst:
		return DialectTirkeu
	}
	return DialectOther
}

// marks are what the writers of key files are known by.
type marks struct {
	java        bool // localKeyID is "Time 1700000000000", or a certificate is marked as trusted
	keyID       bool // localKeyID is the identifier of the certificate's key
	fingerprint bool // localKeyID is SHA-1 over the certificate
	named       bool // friendlyName is localKeyID in hex
	certsFirst  bool // the certificates lie before the key
}

func (f *file) marks(out File) marks {
	var m marks
	for _, k := range out.Keys {
		m.java = m.java || bytes.HasPrefix(k.LocalKeyID, []byte("Time "))
		m.named = m.named || k.FriendlyName != "" && k.FriendlyName == hex.EncodeToString(k.LocalKeyID)
		if k.Certificate == nil {
			continue
		}
		if id, err := KeyID(k.Certificate); err == nil && bytes.Equal(id, k.LocalKeyID) {
			m.keyID = true
		}
		sum := sha1.Sum(k.Certificate.Raw)
		m.fingerprint = m.fingerprint || bytes.Equal(sum[:], k.LocalKeyID)
	}
	first := true
	for b := range f.bags {
		m.java = m.java || b.trusted
		if first {
			m.certsFirst, first = b.cert != nil, false
		}
	}
	return m
}

// protection names what the file is sealed with: of several ciphers the first.
func (f *file) protection() Protection {
	var p Protection
	if f.mac != nil {
		p.MAC, p.Iterations = f.mac.digest.name, f.mac.iterations
	}
	for _, one := range f.parts {
		for _, b := range one.bags {
			seal := b.seal
			if seal == nil {
				seal = one.seal
			}
			if seal == nil {
				continue
			}
			switch {
			case b.isKey() && p.Keys == "":
				p.Keys = seal.cipher.name
				if f.mac == nil {
					p.Iterations = seal.iterations
				}
			case b.cert != nil && p.Certificates == "":
				p.Certificates = seal.cipher.name
			}
		}
	}
	return p
}
