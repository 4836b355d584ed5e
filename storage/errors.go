package storage

import "errors"

// What a Store may answer besides an unexpected error; for errors.Is.
var (
	// ErrFull: the disk (or the page limit) is full. Nothing was stored; the same call may be made again once there is room.
	ErrFull = errors.New("the disk is full")
	// ErrDamaged: the file is not a whole database. It was left as it was found.
	ErrDamaged = errors.New("the database is damaged")
	// ErrNewer: the file was written by a program so new that this one must not touch it.
	ErrNewer = errors.New("the database belongs to a newer program")
	// ErrKey: the seal key is not the one the file was made with.
	ErrKey = errors.New("the seal key does not fit the database")
	// ErrForeign: the file bears another mark than Options.Application. It was left as it was found.
	ErrForeign = errors.New("the database was made by another program")
	// ErrBusy: another process held the database for longer than the waiting time.
	ErrBusy = errors.New("the database is busy")
	// ErrReadOnly: file, folder or disk cannot be written to.
	ErrReadOnly = errors.New("the database cannot be written to")
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("no such record")
	// ErrConflict: the number (or a key) is taken by other bytes.
	ErrConflict = errors.New("taken by other bytes")
	// ErrTransition: the status does not follow from the present one.
	ErrTransition = errors.New("the status does not follow")
	// ErrQueueFull: as many applications wait to be sent as Options.MaxPending allows.
	ErrQueueFull = errors.New("too many applications wait to be sent")
	// ErrTooMany: as many letters about the application were taken in as may be.
	ErrTooMany = errors.New("too many letters")
	// ErrNumbersSpent: the prefix has no numbers left.
	ErrNumbersSpent = errors.New("the prefix has no numbers left")
)
