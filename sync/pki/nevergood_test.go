package pki_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/sync/pki"
)

// witness is an answer that is good as it stands, and how it is asked.
type witness struct {
	name string
	der  []byte
	ask  func(der []byte) pki.Answer
}

func witnesses(t *testing.T) []witness {
	t.Helper()
	now := time.Now()
	var all []witness
	for _, h := range houses(t) {
		byList := func(der []byte) pki.Answer { return pki.CheckCRL(der, h.cert, h.issuer, now) }
		byOCSP := func(der []byte) pki.Answer { return pki.CheckOCSP(der, h.cert, h.issuer, now, 0) }
		complete := h.list(t, nil)
		withDelta := func(der []byte) pki.Answer {
			return pki.LookupDelta(bytes.NewReader(complete), bytes.NewReader(der), h.cert, h.issuer, now)
		}
		entry := h.revoked(1)
		entry.SerialNumber = h.issuer.SerialNumber // some other number
		all = append(all,
			witness{h.name + " list", h.list(t, nil, entry), byList},
			witness{h.name + " delta", h.delta(t, 10, 11, nil, entry), withDelta},
			witness{h.name + " response by the CA", h.response(t, nil, nil), byOCSP},
			witness{h.name + " response by a delegate", h.response(t, h.delegate(nil), nil), byOCSP})
	}
	for _, w := range all {
		wantAnswer(t, w.name, w.ask(w.der), pki.Good, nil)
	}
	return all
}

// A good list or response has not one octet that could be another: whatever is changed, cut, doubled or
// swapped in it, on the line or by somebody who kept it, it is good no more.
func TestRevocation_IsNeverGoodOnceAnOctetWasChanged(t *testing.T) {
	for _, w := range witnesses(t) {
		try := func(what string, at int, der []byte) {
			if !bytes.Equal(der, w.der) && w.ask(der).State == pki.Good {
				t.Fatalf("%s: %s at %d: good", w.name, what, at)
			}
		}
		for at := range w.der {
			changed := slices.Clone(w.der)
			changed[at] ^= 1 << (at % 8)
			try("changed", at, changed)
			try("cut", at, w.der[:at])
			if at%2 == 0 {
				try("left out", at, slices.Delete(slices.Clone(w.der), at, at+1))
			} else {
				try("doubled", at, slices.Insert(slices.Clone(w.der), at, w.der[at]))
			}
		}
		try("longer", len(w.der), append(slices.Clone(w.der), 0))
		try("twice", 0, append(slices.Clone(w.der), w.der...))
	}
}

func TestRevocation_IsNeverGoodOnceItsStructureWasChanged(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 2))
	all := witnesses(t)
	for _, w := range all {
		tree := parseTree(w.der)
		if !bytes.Equal(tree.encode(), w.der) {
			t.Fatalf("%s: the tree is not the list", w.name)
		}
		for round := range 200 {
			changed := parseTree(w.der)
			for range 1 + round%3 {
				changed.disturb(random, parseTree(all[random.IntN(len(all))].der))
			}
			der := changed.encode()
			genuine := func(one witness) bool { return bytes.Equal(one.der, der) || sameSigned(one.der, der) } // or another's, moved in whole
			if w.ask(der).State == pki.Good && !slices.ContainsFunc(all, genuine) {
				t.Fatalf("%s: seed %d, round %d: good", w.name, seed, round)
			}
		}
	}
}

// sameSigned says whether two OCSP responses differ in what nobody signed only: the certificates beside the
// signature, of which one more or one twice is no other answer, and the NULL for the algorithm's parameters,
// which readers must take either way (RFC 4055 §5).
func sameSigned(before, after []byte) bool {
	a, b := parseTree(before).find(0, 1, 0, 1, 0), parseTree(after).find(0, 1, 0, 1, 0)
	if a == nil || b == nil || len(a.children) < 3 || len(b.children) < 3 {
		return false
	}
	same := func(path ...int) bool {
		x, y := a.find(path...), b.find(path...)
		return x != nil && y != nil && bytes.Equal(x.encode(), y.encode())
	}
	return same(0, 0) && same(0, 1, 0) && same(0, 2)
}

// find goes down by the numbers of the children, after the first, which is the root.
func (n *node) find(path ...int) *node {
	for _, at := range path[1:] {
		if n == nil || at >= len(n.children) {
			return nil
		}
		n = n.children[at]
	}
	return n
}

// node is an element of DER; one with children is encoded from them.
type node struct {
	tag      cbasn1.Tag
	content  []byte
	children []*node
	long     bool // write the length with an octet more than needed
}

func parseTree(der []byte) *node {
	input := cryptobyte.String(der)
	var content cryptobyte.String
	var tag cbasn1.Tag
	if !input.ReadAnyASN1(&content, &tag) || !input.Empty() {
		return nil
	}
	n := &node{tag: tag, content: content}
	// Constructed ones, and OCTET STRINGs with DER inside, as OCSP and extensions have them.
	if tag&0x20 == 0 && tag != cbasn1.OCTET_STRING {
		return n
	}
	for rest := content; !rest.Empty(); {
		var one cryptobyte.String
		if !rest.ReadAnyASN1Element(&one, &tag) {
			n.children = nil
			return n
		}
		child := parseTree(one)
		if child == nil {
			n.children = nil
			return n
		}
		n.children = append(n.children, child)
	}
	return n
}

func (n *node) encode() []byte {
	content := n.content
	if n.children != nil {
		content = nil
		for _, child := range n.children {
			content = append(content, child.encode()...)
		}
	}
	size := len(content)
	head := []byte{byte(n.tag), byte(size)}
	switch {
	case n.long:
		head = []byte{byte(n.tag), 0x84, 0, byte(size >> 16), byte(size >> 8), byte(size)}
	case size >= 1<<8:
		head = []byte{byte(n.tag), 0x82, byte(size >> 8), byte(size)}
	case size >= 1<<7:
		head = []byte{byte(n.tag), 0x81, byte(size)}
	}
	return append(head, content...)
}

func (n *node) all() []*node {
	found := []*node{n}
	for _, child := range n.children {
		found = append(found, child.all()...)
	}
	return found
}

// disturb changes one place: children are left out, doubled, swapped, moved in from another tree, tags and
// lengths are changed, contents emptied.
func (n *node) disturb(random *rand.Rand, other *node) {
	nodes, others := n.all(), other.all()
	at := nodes[random.IntN(len(nodes))]
	switch random.IntN(7) {
	case 0:
		at.tag ^= cbasn1.Tag(1 << random.IntN(8))
	case 1:
		at.long = true
	case 2:
		at.content, at.children = nil, nil
	case 3:
		if i := len(at.children); i > 0 {
			i = random.IntN(i)
			at.children = slices.Delete(slices.Clone(at.children), i, i+1)
			if len(at.children) == 0 {
				at.content, at.children = nil, nil
			}
		}
	case 4:
		if i := len(at.children); i > 0 {
			i = random.IntN(i)
			at.children = slices.Insert(slices.Clone(at.children), i, at.children[i])
		}
	case 5:
		if len(at.children) > 1 {
			i, j := random.IntN(len(at.children)), random.IntN(len(at.children))
			at.children[i], at.children[j] = at.children[j], at.children[i]
		}
	default:
		*at = *others[random.IntN(len(others))]
	}
}
