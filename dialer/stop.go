package dialer

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"

	"go.uber.org/zap"
)

// stopping says whether the service takes no new work.
func (s *Service) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// pause waits; false if the service stops.
func (s *Service) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.stop:
		return false
	}
}

// leaveAfter is how long a stop waits, after its grace, for the final responses
// of calls that were cancelled.
const leaveAfter = 2 * time.Second

// shutDown ends the calls: first those that nobody talks on, after grace the others.
func (s *Service) shutDown(grace time.Duration) error {
	s.mu.Lock()
	close(s.stop)
	s.running = false
	loops := make([]*loop, 0, len(s.loops))
	for _, l := range s.loops {
		loops = append(loops, l)
	}
	s.mu.Unlock()
	for _, l := range loops {
		l.kept.Store(true) // a campaign that runs goes on after the restart
		l.tell(floor.Input{Kind: floor.InState, State: contactdb.Done})
	}
	s.log.Info("stopping: no further calls; conversations may end", zap.Duration("grace", grace))
	over := time.After(grace)
	for _, l := range loops {
		select {
		case <-l.done:
		case <-over:
			over = time.After(0)
			l.tell(floor.Input{Kind: floor.InStop})
		}
	}
	close(s.legsDown)
	leave := time.AfterFunc(leaveAfter, func() { close(s.leave) })
	defer leave.Stop()
	for _, l := range loops {
		<-l.done
		l.wg.Wait()
	}
	s.wg.Wait()
	s.endCalls()
	if s.gateway != nil {
		_ = s.gateway.Close() // every leg has ended
	}
	return s.ua.Close()
}

// storeFailed stops dialing: without a durable record no call may be made. The
// store cannot be told, so the loops remember it: status shows them as paused,
// and they go on with resume.
func (s *Service) storeFailed(name string, err error) {
	s.log.Error("the store cannot be written; campaigns are paused", zap.String("campaign", name), zap.Error(err))
	s.keeper.Spend()
	s.halt(fmt.Sprintf("the store cannot be written: %v; make room, then: apel campaign resume", err), err)
}

// room refuses what would dial on a disk that is nearly full.
func (s *Service) room() error {
	if err := s.keeper.Room(); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// diskFull stops dialing before the store has no room left to end what is going on.
func (s *Service) diskFull(why error) {
	s.mu.Lock()
	dialing := false
	for _, l := range s.loops {
		dialing = dialing || l.halted.Load() == nil
	}
	s.mu.Unlock()
	if dialing {
		s.log.Error("the disk is nearly full; campaigns are paused", zap.Error(why))
		s.halt(why.Error()+", then: apel campaign resume", why)
	}
}

func (s *Service) halt(why string, err error) {
	s.mu.Lock()
	loops := slices.Collect(maps.Values(s.loops))
	s.mu.Unlock()
	for _, l := range loops {
		l.halted.Store(&why)
		l.resting.Store(true) // no call that waits for its turn is sent
		l.tell(floor.Input{Kind: floor.InState, State: contactdb.Paused})
		l.publish(Event{Kind: "campaign.state", State: string(contactdb.Paused), Detail: err.Error()})
	}
	s.desk.rearrange()
}
