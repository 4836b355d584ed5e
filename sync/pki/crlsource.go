package pki

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// CRLSource answers from a revocation list got by HTTP. A verified list is kept in a file, so many
// questions cost one download and none the memory of a list; when a new one cannot be got, the old one
// still answers until its nextUpdate. Where the certificate, or the list, names delta lists, the newest of
// these is asked for as well. The zero value works; with a Folder, lists are kept over a restart.
//
// A kept list is read and its signature verified anew at every look: who changes the file makes it
// useless, who puts an older one in its place gains what he would by playing it back on the line. It may
// be lost at any time.
type CRLSource struct {
	Fetch    Fetcher          // nil: HTTP with a limit of 5 minutes for a list
	URL      string           // empty: the certificate's distribution points
	DeltaURL string           // empty: the certificate's or the list's freshest CRL
	Folder   string           // of the kept files: it must exist and belong to one source; empty: nameless ones that end with the process
	KeepFor  time.Duration    // how long a list is not asked for anew; 0: 10 minutes
	Now      func() time.Time // nil: time.Now

	// NoDelta lets the complete list answer alone, also where there are delta lists.
	NoDelta bool

	mutex sync.Mutex // guards kept; held only to read or replace an entry, never while fetching or reading
	kept  map[string]keptList
}

// keptList is a list that was verified once.
type keptList struct {
	file       *listFile
	nextUpdate time.Time
	until      time.Time // ask anew after this
}

const (
	keepListsFor = 10 * time.Minute
	maxKeptLists = 16 // more issuers than this do not occur
)

// Revocation is Source's method.
func (s *CRLSource) Revocation(ctx context.Context, cert, issuer *x509.Certificate) Answer {
	if answer, other := ofAnother(cert, issuer); other {
		return answer
	}
	last := Answer{Source: "crl", Err: ErrNoSource}
	for _, url := range one(s.URL, cert.CRLDistributionPoints) {
		last = s.ask(ctx, url, cert, issuer)
		if last.State != Unknown {
			return last
		}
	}
	return last
}

// one gives the address that was set, or else the others.
func one(set string, others []string) []string {
	if set != "" {
		return []string{set}
	}
	return others
}

func (s *CRLSource) ask(ctx context.Context, url string, cert, issuer *x509.Certificate) Answer {
	now := clock(s.Now)
	complete, failed := s.look(ctx, url, cert, issuer, now)
	if complete == nil {
		return Answer{Source: "crl", Err: failed}
	}
	answer := complete.answer(cert, now)
	points := one(s.DeltaURL, freshest(cert.Extensions))
	if len(points) == 0 {
		points = freshest(complete.extensions)
	}
	if final := answer.State == Revoked && answer.Reason != reasonCertificateHold; !final && !s.NoDelta && len(points) > 0 {
		answer, failed = s.askDelta(ctx, points, complete, cert, issuer, now), nil
	}
	if answer.State == Unknown && failed != nil {
		answer.Err = errors.Join(failed, answer.Err)
	}
	return answer
}

// askDelta gives the answer of the complete list with the first delta that goes with it.
func (s *CRLSource) askDelta(ctx context.Context, urls []string, complete *listScan, cert, issuer *x509.Certificate, now time.Time) Answer {
	var last Answer
	for _, url := range urls {
		delta, failed := s.look(ctx, url, cert, issuer, now)
		if delta == nil {
			last = complete.without(cert, now, fmt.Errorf("delta list: %w", failed))
			continue
		}
		last = complete.answerWith(delta, cert, now)
		if last.State == Unknown && failed != nil {
			last.Err = errors.Join(failed, last.Err)
		}
		if last.State != Unknown {
			return last
		}
	}
	return last
}

// look gives what the newest list of an address says of a certificate, and beside it why a newer one
// could not be had. Without any list there is only the error.
func (s *CRLSource) look(ctx context.Context, url string, cert, issuer *x509.Certificate, now time.Time) (*listScan, error) {
	name := sha256.Sum256([]byte(url + "\x00" + string(issuer.Raw)))
	key := hex.EncodeToString(name[:16])
	kept, found := s.keptUnder(key)
	if found && now.Before(kept.until) && now.Before(kept.nextUpdate) {
		if list, err := kept.file.scan(issuer, cert); err == nil {
			return list, nil
		}
	}
	file, list, failed := s.download(ctx, url, cert, issuer)
	if found {
		old, err := kept.file.scan(issuer, cert)
		switch {
		case err != nil: // the kept one was spoilt
		case failed != nil:
			s.keep(key, keptList{file: kept.file, nextUpdate: old.nextUpdate})
			return old, failed
		case list.thisUpdate.Before(old.thisUpdate): // an old list played back
			file.drop()
			s.keep(key, keptList{file: kept.file, nextUpdate: old.nextUpdate, until: now.Add(s.keepFor())})
			return old, nil
		}
	}
	if failed != nil {
		return nil, failed
	}
	if file.settle(s.Folder, key) == nil { // otherwise it answers now and is asked for anew the next time
		s.keep(key, keptList{file: file, nextUpdate: list.nextUpdate, until: now.Add(s.keepFor())})
	}
	return list, nil
}

// keptUnder finds a kept list, in memory or, after a restart, in the folder; one from there is asked for
// anew at once.
func (s *CRLSource) keptUnder(key string) (keptList, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.kept == nil {
		s.kept = map[string]keptList{}
		sweepParts(s.Folder)
	}
	if kept, found := s.kept[key]; found {
		return kept, true
	}
	file, found := openListFile(s.Folder, key)
	return keptList{file: file}, found
}

// download reads a list into a file and through the scanner at once. What cannot be written is not kept,
// but answers.
func (s *CRLSource) download(ctx context.Context, url string, cert, issuer *x509.Certificate) (*listFile, *listScan, error) {
	body, err := s.Fetch.list(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	defer body.Close()
	file := newListFile(s.Folder)
	watched := &watchedReader{in: io.LimitReader(body, MaxCRL+1)}
	list, err := scanList(io.TeeReader(watched, file), issuer, cert.SerialNumber)
	if watched.failed != nil {
		err = fmt.Errorf("%w: %w", ErrUnreachable, watched.failed)
	}
	if err != nil {
		file.drop()
		return nil, nil, err
	}
	return file, list, nil
}

// watchedReader remembers what the line failed by, for a list that ends in the middle is the line's fault.
type watchedReader struct {
	in     io.Reader
	failed error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err != nil && err != io.EOF {
		w.failed = err
	}
	return n, err
}

func (s *CRLSource) keep(key string, list keptList) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, known := s.kept[key]; !known && len(s.kept) >= maxKeptLists {
		for _, old := range s.kept {
			old.file.drop()
		}
		s.kept = map[string]keptList{}
	}
	s.kept[key] = list
}

func (s *CRLSource) keepFor() time.Duration {
	if s.KeepFor > 0 {
		return s.KeepFor
	}
	return keepListsFor
}
