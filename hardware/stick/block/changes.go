package block

import (
	"context"
	"time"
)

// lookEvery is how often is looked without being told: udev may not run, or lose an event when many come at once.
const lookEvery = time.Second

// Changes tells at once, and then whenever something may have changed: when udev speaks of a block device, and every second besides. What is not
// fetched becomes one. It ends with ctx.
func Changes(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	tell := func() {
		select {
		case out <- struct{}{}:
		default:
		}
	}
	events(ctx, tell)
	go func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for tell(); ; tell() {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return out
}
