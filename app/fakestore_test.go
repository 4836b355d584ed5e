package app

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/registry"
)

// fakeStick is a stick in memory.
type fakeStick struct {
	mu      sync.Mutex
	there   bool
	files   map[string][]byte
	failing error
	changes chan bool
}

func newFakeStick() *fakeStick {
	return &fakeStick{files: map[string][]byte{}, changes: make(chan bool, 4)}
}

func (s *fakeStick) plug(there bool) {
	s.mu.Lock()
	s.there = there
	s.mu.Unlock()
	s.changes <- there
}

func (s *fakeStick) Present() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.there
}

func (s *fakeStick) Watch(context.Context) <-chan bool { return s.changes }

func (s *fakeStick) WriteNew(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.there:
		return stick.ErrAbsent
	case s.failing != nil:
		return s.failing
	case s.files[name] != nil:
		return stick.ErrExists
	}
	s.files[name] = bytes.Clone(data)
	return nil
}

func (s *fakeStick) Replace(name string, data []byte) error {
	err := s.Remove(name)
	if err != nil && !errors.Is(err, stick.ErrNotFound) {
		return err
	}
	return s.WriteNew(name, data)
}

func (s *fakeStick) ReplaceChecked(name string, data []byte, check func(back []byte) error) error {
	if _, err := s.Read(name, 1<<20); err != nil {
		return err
	}
	if err := check(bytes.Clone(data)); err != nil {
		return err
	}
	return s.Replace(name, data)
}

// KeyFiles names the files without looking at them: what hardware/stick sees of a file is tried on it.
func (s *fakeStick) KeyFiles(context.Context) ([]stick.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.there {
		return nil, stick.ErrAbsent
	}
	var out []stick.Found
	for name, data := range s.files {
		if strings.HasSuffix(name, ".p12") {
			out = append(out, stick.Found{Name: name, Size: int64(len(data))})
		}
	}
	slices.SortFunc(out, func(a, b stick.Found) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (s *fakeStick) Read(name string, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.there {
		return nil, stick.ErrAbsent
	}
	data, ok := s.files[name]
	if !ok {
		return nil, stick.ErrNotFound
	}
	return bytes.Clone(data), nil
}

func (s *fakeStick) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.there {
		return stick.ErrAbsent
	}
	if _, ok := s.files[name]; !ok {
		return stick.ErrNotFound
	}
	delete(s.files, name)
	return nil
}

// fakeStore is storage in memory.
type fakeStore struct {
	mu       sync.Mutex
	counter  uint64
	records  map[string]*Record
	seals    map[string][]byte
	iins     map[string]string
	taken    map[string]Acceptance // as they came
	intents  map[int64]Intent
	outcomes map[int64]string
	next     int64
	failing  error
	letters  []registry.Letter
}

func newFakeStore() *fakeStore {
	return &fakeStore{
		records: map[string]*Record{}, seals: map[string][]byte{}, iins: map[string]string{}, taken: map[string]Acceptance{},
		intents: map[int64]Intent{}, outcomes: map[int64]string{},
	}
}

func (s *fakeStore) ReserveNumber(context.Context, string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return 0, s.failing
	}
	s.counter++
	return s.counter, nil
}

func (s *fakeStore) Accept(_ context.Context, a Acceptance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	if r, there := s.records[a.Number]; there {
		if bytes.Equal(r.Document, a.Document) {
			return nil
		}
		return ErrConflict
	}
	r := &Record{Number: a.Number, Status: registry.StatusQueued, Kind: a.Kind, Document: a.Document}
	for _, k := range a.Keys {
		r.Keys = append(r.Keys, RecordKey{Ordinal: k.Ordinal, Template: k.Template, SPKISHA256: k.SPKISHA256, Medium: k.Medium, KeyID: k.KeyID})
	}
	s.records[a.Number], s.seals[a.Number], s.iins[a.Number], s.taken[a.Number] = r, a.SealKey, a.IIN, a
	return nil
}

func (s *fakeStore) Application(_ context.Context, number string) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.records[number]
	if !there {
		return Record{}, ErrNoRecord
	}
	return *r, nil
}

func (s *fakeStore) ByMedium(_ context.Context, serial string) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Record
	for _, r := range s.records {
		if len(r.Keys) > 0 && r.Keys[0].Medium == serial {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return bytes.Compare([]byte(b.Number), []byte(a.Number)) })
	return out, nil
}

func (s *fakeStore) MarkInstalled(_ context.Context, number string, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[number].Status = registry.StatusInstalled
	return nil
}

func (s *fakeStore) Post(_ context.Context, number string, l registry.Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failing != nil:
		return s.failing
	case s.records[number] == nil:
		return ErrNoRecord
	case len(s.letters) >= 3:
		return ErrTooManyLetters
	}
	if err := l.Check(); err != nil {
		return err
	}
	s.letters = append(s.letters, l)
	return nil
}

func (s *fakeStore) Adopt(_ context.Context, a Adoption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	r := &Record{Number: a.Number, Status: registry.StatusIssued, Kind: registry.Kind(a.Kind), Document: a.Document, SealKey: a.SealKey}
	for _, k := range a.Keys {
		r.Keys = append(r.Keys, RecordKey{
			Ordinal: k.Ordinal, Template: k.Template, SPKISHA256: k.SPKISHA256, Medium: k.Medium, KeyID: k.KeyID, Certificate: k.Certificate, Chain: k.Chain,
		})
	}
	s.records[a.Number], s.seals[a.Number] = r, a.SealKey
	return nil
}

func (s *fakeStore) Begin(_ context.Context, i Intent) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	i.ID = s.next
	s.intents[i.ID] = i
	return i.ID, nil
}

func (s *fakeStore) Finish(_ context.Context, id int64, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.intents[id]; !open {
		return errors.New("no open intent of that number")
	}
	delete(s.intents, id)
	s.outcomes[id] = outcome
	return nil
}

func (s *fakeStore) OpenIntents(context.Context) ([]Intent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Intent
	for _, i := range s.intents {
		out = append(out, i)
	}
	return out, nil
}

func (s *fakeStore) Check(context.Context) error { return nil }

func (s *fakeStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
}
