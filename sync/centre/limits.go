package centre

import (
	"sync"
	"time"
)

// Limit is a token bucket: Burst at once, then one each Every.
type Limit struct {
	Burst int           `json:"burst"`
	Every time.Duration `json:"every"`
}

// Rules are the numbers the centre works by. They are data: the operator of the centre may replace them.
type Rules struct {
	ApplicationLife   time.Duration // from filing until it expires undecided; 0 is the directory's
	ConfirmWithin     time.Duration // how long a certificate waits for certConf; longer than a kiosk may be offline
	EnrolmentLife     time.Duration // of a device's secret
	BadMACs           int           // of one reference, until its secret is void
	ChallengeLife     time.Duration
	SessionIdle       time.Duration
	SessionLife       time.Duration
	LockLife          time.Duration
	DecisionAhead     time.Duration // how far a decision's time may lie in the future
	CheckAfter        time.Duration // what a waiting CMP client is told
	RepliesKept       time.Duration
	Status, People    Limit // of one device: asking by number or key; asking the register
	Challenges        Limit // of one device
	Letters           Limit // of one device
	CRLEvery, CRLLife time.Duration

	CitizenIdle, CitizenLife time.Duration // of a citizen's session
	SignedWithin             time.Duration // how long ago a citizen may have signed what arrives now; longer than a kiosk may be offline
	SignedApart              time.Duration // how far signing and writing of an application may lie apart
	PendingLife              time.Duration // how long an unfinished application keeps another one like it out
	RevokeWithin             time.Duration // after that the centre revokes what an accepted application names, though no kiosk asked
	CodeLife, CodeGap        time.Duration // of a one-time code; between two sendings
	CodeLock, GrantLife      time.Duration // after too many wrong ones; from the right one until the application is signed
	CodeTries, CodeResends   int
	CodesPerHour             int   // sent to one person
	PeopleDay                Limit // of one device, beside People: what a day needs, and no more
	StaffPeople              Limit // of one operator: searching and opening people
}

// DefaultRules are the sandbox's.
func DefaultRules() Rules {
	const day = 24 * time.Hour
	return Rules{
		ConfirmWithin: 90 * day, EnrolmentLife: day, BadMACs: 10,
		ChallengeLife: time.Minute, SessionIdle: 5 * time.Minute, SessionLife: 12 * time.Hour, LockLife: 10 * time.Minute,
		DecisionAhead: 5 * time.Minute, CheckAfter: 2 * time.Second, RepliesKept: 100 * day,
		Status: Limit{Burst: 60, Every: time.Second}, People: Limit{Burst: 20, Every: 5 * time.Second}, Challenges: Limit{Burst: 20, Every: 3 * time.Second}, Letters: Limit{Burst: 30, Every: time.Minute},
		CRLEvery: time.Hour, CRLLife: 2 * day,
		CitizenIdle: 5 * time.Minute, CitizenLife: 30 * time.Minute, SignedWithin: 30 * day, SignedApart: 15 * time.Minute,
		PendingLife: 7 * day, RevokeWithin: time.Minute, CodeLife: 5 * time.Minute, CodeGap: 30 * time.Second, CodeLock: 15 * time.Minute, GrantLife: 15 * time.Minute,
		CodeTries: 3, CodeResends: 3, CodesPerHour: 8,
		PeopleDay: Limit{Burst: 200, Every: 5 * time.Minute}, StaffPeople: Limit{Burst: 30, Every: 5 * time.Second},
	}
}

// buckets holds the token buckets of all askers. A full bucket is forgotten, so that the map stays small.
type buckets struct {
	mu  sync.Mutex // held for a few map operations
	all map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
	l    Limit
}

// take takes one token of name's bucket; where there is none it says how long to wait.
func (b *buckets) take(name string, l Limit, now time.Time) (wait time.Duration, ok bool) {
	if l.Burst <= 0 || l.Every <= 0 {
		return 0, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]*bucket{}
	}
	if len(b.all) > 10_000 {
		for n, one := range b.all {
			if now.Sub(one.at) > one.l.Every*time.Duration(one.l.Burst) {
				delete(b.all, n)
			}
		}
	}
	one := b.all[name]
	if one == nil {
		one = &bucket{left: float64(l.Burst), at: now, l: l}
		b.all[name] = one
	}
	if passed := now.Sub(one.at); passed > 0 {
		one.left = min(float64(l.Burst), one.left+float64(passed)/float64(l.Every))
		one.at = now
	}
	if one.left < 1 {
		return time.Duration((1 - one.left) * float64(l.Every)), false
	}
	one.left--
	return 0, true
}
