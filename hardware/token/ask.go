package token

import (
	"context"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// errGivenUp: the caller's context ended before its request was answered.
var errGivenUp = errors.New("given up by the caller")

// ask does one request as soon as it is its turn. It answers [ErrRemoved] when the worker went before, errGivenUp when ctx ended, [ErrTimeout] or the
// worker's own failure when the worker is lost by this very request; then it is off the rack already. killing is as in [Rack.call].
func (p *process) ask(ctx context.Context, request *wire.Request, timeout time.Duration, killing bool) (*wire.Answer, error) {
	if ctx.Err() != nil {
		return nil, errGivenUp
	}
	select {
	case <-p.turn:
	case <-p.dead:
		<-p.gone
		return nil, ErrRemoved
	case <-ctx.Done():
		return nil, errGivenUp
	}
	select {
	case <-p.dead:
		p.turn <- struct{}{}
		<-p.gone
		return nil, ErrRemoved
	default:
	}
	stop := context.AfterFunc(ctx, p.pipes.nudge)
	defer stop()
	deadline := time.Now().Add(timeout)
	answer, err := p.exchange(ctx, request, deadline)
	switch {
	case err == nil:
		p.turn <- struct{}{}
		return answer, nil
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		p.fail(err)
		return nil, err
	case killing:
		p.fail(errCancelled)
		return nil, errGivenUp
	}
	go p.drop(deadline)
	return nil, errGivenUp
}

// drop waits for an answer that nobody wants any more; until it is there, nobody else may speak.
func (p *process) drop(deadline time.Time) {
	_, err := p.rest(context.Background(), deadline)
	if err != nil {
		p.fail(err)
		return
	}
	p.turn <- struct{}{}
}

// fail gives the worker up, and returns when it is gone. The turn is the caller's until then: nobody may speak to a worker that is half heard.
func (p *process) fail(err error) {
	select {
	case p.lost <- err:
	default:
	}
	<-p.gone
	p.turn <- struct{}{}
}
