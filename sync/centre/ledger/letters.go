package ledger

import (
	"fmt"
	"time"
)

// Letters are the hashes of the letters about an application that were handed to the mail system.
func (t *Tx) Letters(number string) ([]string, error) {
	rows, err := t.rows("SELECT sha256 FROM letters WHERE number = ? ORDER BY at, sha256", number)
	return collect(rows, err, func(s scanner) (string, error) {
		var hash string
		return hash, s.Scan(&hash)
	})
}

// AddLetter notes a letter.
func (t *Tx) AddLetter(number, sha256 string, at time.Time) error {
	if _, err := t.exec("INSERT INTO letters (number, sha256, at) VALUES (?, ?, ?)", number, sha256, millis(at)); err != nil {
		return fmt.Errorf("noting a letter: %w", err)
	}
	return nil
}
