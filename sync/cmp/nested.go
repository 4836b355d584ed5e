package cmp

import (
	"bytes"
	"context"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// parseNested reads the messages of a nested body (RFC 9810 §5.1.3.4) as DER.
func parseNested(body cryptobyte.String) ([][]byte, error) {
	var list cryptobyte.String
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || list.Empty() {
		return nil, malformed("NestedMessageContent")
	}
	var messages [][]byte
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadASN1Element(&one, asn1.SEQUENCE) || len(messages) == maxNested {
			return nil, malformed("NestedMessageContent")
		}
		messages = append(messages, one)
	}
	return messages, nil
}

func nestedBody(messages [][]byte) bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, m := range messages {
				b.AddBytes(m)
			}
		})
	}
}

// nested answers messages a registration authority has wrapped: one to which it adds its protection (RFC 9483 §5.2.2.1) by that
// message's own answer, a batch (§5.2.2.2) by a nested message with an answer for each, in their order.
func (e *exchange) nested(ctx context.Context) (*answer, error) {
	if e.depth >= maxDepth {
		return nil, Refuse(BadRequest, "messages are nested too deeply")
	}
	if e.protect.isMAC() { // RFC 9483 §5.2.2: the wrapping is signed
		return nil, Refuse(WrongIntegrity, "a nested message is signed")
	}
	if !e.party.RA {
		return nil, Refuse(NotAuthorized, "nested messages are for registration authorities")
	}
	inner, err := parseNested(e.m.body)
	if err != nil {
		return nil, err
	}
	added, err := e.checkNested(inner)
	if err != nil {
		return nil, err
	}
	outer := e.party
	var replies [][]byte
	for _, der := range inner {
		reply := e.s.handle(ctx, e.profile, der, e.depth+1, &outer)
		if reply == nil {
			return nil, errors.New("an inner message could not be answered")
		}
		replies = append(replies, reply)
	}
	if added {
		return &answer{sealed: replies[0]}, nil // kept, if at all, under the inner message
	}
	return &answer{kind: bodyNested, body: nestedBody(replies), keep: true}, nil
}

// checkNested compares the headers within with the one without and says whether it is added protection or a batch.
func (e *exchange) checkNested(inner [][]byte) (added bool, err error) {
	outer := &e.m.header
	seen := map[string]bool{}
	for _, der := range inner {
		m, err := parseMessage(der)
		if err != nil {
			return false, err
		}
		id := string(m.header.transactionID)
		if seen[id] { // RFC 9483 §5.2.2.2: each its own
			return false, Refuse(BadRequest, "two messages of a batch have one transactionID")
		}
		if seen[id] = true; id != string(outer.transactionID) {
			continue
		}
		// RFC 9483 §5.2.2.1: transactionID and senderNonce are copied; §5.2.2.2: in a batch both are fresh.
		if len(inner) > 1 {
			return false, Refuse(BadRequest, "the transactionID of a batch is one of its messages'")
		}
		if !bytes.Equal(m.header.senderNonce, outer.senderNonce) {
			return false, Refuse(BadSenderNonce, "the senderNonce is not the inner message's")
		}
		added = true
	}
	return added, nil
}
