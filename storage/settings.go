//go:build cgo

package storage

import (
	"context"
	"fmt"
)

// Put keeps a value under a key of the caller's; nil removes it. Values are sealed, keys are not.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	return s.write(ctx, "keeping the setting "+key, func(t *tx) error {
		if value == nil {
			_, err := t.exec("DELETE FROM settings WHERE key = ?", "app:"+key)
			return err
		}
		return t.put("app:"+key, value)
	})
}

// Get gives the value that was put under a key; ErrNotFound when there is none.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	var sealed []byte
	err := s.reader.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", "app:"+key).Scan(&sealed)
	if err == nil {
		sealed, err = s.sealer.open(sealed, "settings", "value", "app:"+key)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the setting %s: %w", key, translate(err))
	}
	return sealed, nil
}

func (t *tx) put(key string, value []byte) error {
	sealed, err := t.s.sealer.seal(value, "settings", "value", key)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, sealed)
	return err
}

// maxCounter is the highest counter that fits an application number.
const maxCounter = 999_999

// ReserveNumber gives the next counter of a prefix, from 1. It is on disk before it is given, so it is never given twice;
// what is not used leaves a gap. ErrNumbersSpent after 999,999.
func (s *Store) ReserveNumber(ctx context.Context, prefix string) (uint64, error) {
	var counter uint64
	err := s.write(ctx, "reserving a number", func(t *tx) error {
		err := t.row("INSERT INTO counters (prefix, last) VALUES (?, 1) ON CONFLICT (prefix) DO UPDATE SET last = last + 1 RETURNING last", []any{prefix}, &counter)
		if err == nil && counter > maxCounter {
			return ErrNumbersSpent
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return counter, nil
}
