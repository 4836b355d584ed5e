package keyfile

import "fmt"

// Bounds of what is read as BER. A key file of the authority has 12 levels and about 60 elements.
const (
	maxDepth    = 24   // levels, one inside another
	maxElements = 8192 // elements in one reading
)

// Tags that mean something to the reader itself (X.690 §8.1.2, §8.7, §8.1.5).
const (
	tagEnd         = 0x00
	tagOctets      = 0x04
	tagOctetsMany  = 0x24 // an octet string in pieces
	bitConstructed = 0x20
	bitsHighNumber = 0x1f
)

// definite rewrites exactly one BER element in the form that DER readers take: lengths definite and as short as can be (X.690 §10.1),
// octet strings that come in pieces joined (§10.2). Primitive contents stand as they are, so that whatever is signed or authenticated inside
// an octet string keeps its octets. An implicitly tagged octet string in pieces cannot be told from a structure here: [readOctets] joins it.
//
// The work is bounded by the input's length, [maxDepth] and [maxElements]; the result is never more than a few octets an element longer.
func definite(ber []byte) ([]byte, error) {
	r := rewriter{out: make([]byte, 0, len(ber)+16)}
	rest, err := r.element(ber, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d octets too many", ErrDamaged, len(rest))
	}
	return r.out, nil
}

// rewriter is one reading of BER.
type rewriter struct {
	out      []byte
	elements int
}

// header is the beginning of an element: its tag octet and the length of its contents, -1 for an indefinite one.
type header struct {
	tag    byte
	length int
}

// element rewrites the element at the beginning of in and gives what follows it.
func (r *rewriter) element(in []byte, depth int) (rest []byte, err error) {
	h, in, err := r.header(in, depth)
	if err != nil {
		return nil, err
	}
	if h.tag&bitConstructed == 0 {
		r.out = appendHeader(r.out, h.tag, h.length)
		r.out = append(r.out, in[:h.length]...)
		return in[h.length:], nil
	}
	one, tag := r.element, h.tag
	if h.tag == tagOctetsMany {
		one, tag = r.piece, tagOctets
	}
	return r.contents(h, tag, in, depth, one)
}

// contents rewrites what a constructed element holds, each part by one, and puts the header that fits before it.
func (r *rewriter) contents(h header, tag byte, in []byte, depth int, one func([]byte, int) ([]byte, error)) (rest []byte, err error) {
	begin := len(r.out)
	inner := in
	if h.length >= 0 {
		inner, rest = in[:h.length], in[h.length:]
	}
	for {
		switch {
		case h.length >= 0 && len(inner) == 0:
			r.insertHeader(begin, tag)
			return rest, nil
		case h.length < 0 && len(inner) >= 2 && inner[0] == tagEnd && inner[1] == 0: // end-of-contents, X.690 §8.1.5
			r.insertHeader(begin, tag)
			return inner[2:], nil
		}
		if inner, err = one(inner, depth+1); err != nil {
			return nil, err
		}
	}
}

// piece adds one piece of an octet string, without a header of its own (X.690 §8.7.3.2).
func (r *rewriter) piece(in []byte, depth int) (rest []byte, err error) {
	h, in, err := r.header(in, depth)
	if err != nil {
		return nil, err
	}
	switch h.tag {
	case tagOctets:
		r.out = append(r.out, in[:h.length]...)
		return in[h.length:], nil
	case tagOctetsMany:
		begin := len(r.out)
		if rest, err = r.contents(h, tagOctets, in, depth, r.piece); err != nil {
			return nil, err
		}
		// The pieces of a piece are pieces of the whole: their header goes again.
		_, joined, err := r.header(r.out[begin:], 0)
		if err != nil {
			return nil, err
		}
		r.out = append(r.out[:begin], joined...)
		return rest, nil
	}
	return nil, fmt.Errorf("%w: something else stands in an octet string", ErrDamaged)
}

// header reads tag and length. The length of a primitive or definite element is never more than what is left.
func (r *rewriter) header(in []byte, depth int) (header, []byte, error) {
	if r.elements++; depth > maxDepth || r.elements > maxElements {
		return header{}, nil, fmt.Errorf("%w: too much stands inside one another", ErrDamaged)
	}
	if len(in) < 2 {
		return header{}, nil, fmt.Errorf("%w: it ends in the middle", ErrDamaged)
	}
	h := header{tag: in[0], length: int(in[1])}
	if h.tag == tagEnd || h.tag&bitsHighNumber == bitsHighNumber {
		return header{}, nil, fmt.Errorf("%w: it is not made of ASN.1", ErrDamaged)
	}
	in = in[2:]
	switch {
	case h.length == 0x80 && h.tag&bitConstructed != 0:
		h.length = -1
		return h, in, nil
	case h.length >= 0x80:
		n := h.length & 0x7f
		if n == 0 || n > 4 || n > len(in) {
			return header{}, nil, fmt.Errorf("%w: a length in it is none", ErrDamaged)
		}
		h.length = 0
		for _, b := range in[:n] {
			h.length = h.length<<8 | int(b)
		}
		in = in[n:]
	}
	if h.length > len(in) {
		return header{}, nil, fmt.Errorf("%w: it ends in the middle", ErrDamaged)
	}
	return h, in, nil
}

// insertHeader puts a header before what was written since begin.
func (r *rewriter) insertHeader(begin int, tag byte) {
	var room [6]byte
	head := appendHeader(room[:0], tag, len(r.out)-begin)
	r.out = append(r.out, head...)
	copy(r.out[begin+len(head):], r.out[begin:len(r.out)-len(head)])
	copy(r.out[begin:], head)
}

// appendHeader writes tag and length as DER wants them.
func appendHeader(out []byte, tag byte, length int) []byte {
	switch {
	case length < 0x80:
		return append(out, tag, byte(length))
	case length < 1<<8:
		return append(out, tag, 0x81, byte(length))
	case length < 1<<16:
		return append(out, tag, 0x82, byte(length>>8), byte(length))
	}
	return append(out, tag, 0x83, byte(length>>16), byte(length>>8), byte(length))
}
