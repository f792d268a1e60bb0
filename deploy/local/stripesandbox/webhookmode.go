package stripesandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// defaultReverseWindow is longer than a late payment takes by default, so that its two events change places.
const defaultReverseWindow = 3 * time.Second

// webhookMode is how events that are recorded from now on are delivered. The parts combine: duplicate,reverse is both.
//
//   - Duplicate: each event is sent twice, at the same moment, and each copy is retried by itself.
//   - Reverse: events wait until none has come for Window (or the first has waited five times that); then all that wait
//     are sent, the newest first, each after the first attempt of the one before. One alone is sent after Window.
//   - Drop: events are never sent; they are listed as not delivered until they are resent.
//   - Delay: the first attempt is made that much later.
type webhookMode struct {
	Duplicate bool
	Reverse   bool
	Drop      bool
	Delay     time.Duration
	Window    time.Duration
}

// parseMode reads a mode such as normal, drop, delay=2s, or a combination as in duplicate,reverse.
func parseMode(text string) (webhookMode, error) {
	mode := webhookMode{Window: defaultReverseWindow}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch name {
		case "normal":
		case "duplicate":
			mode.Duplicate = true
		case "reverse":
			mode.Reverse = true
		case "drop":
			mode.Drop = true
		case "delay":
			mode.Delay, err = parseWait(value)
		case "window":
			mode.Window, err = parseWait(value)
		default:
			err = fmt.Errorf("unknown mode %q: expected normal, duplicate, reverse, drop or delay=2s", name)
		}
		if err != nil {
			return webhookMode{}, err
		}
	}
	return mode, nil
}

func parseWait(text string) (time.Duration, error) {
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 || wait > 24*time.Hour {
		return 0, fmt.Errorf("%q is not a duration such as 500ms or 2s", text)
	}
	return wait, nil
}

// String is the mode in the form that parseMode reads.
func (m webhookMode) String() string {
	var parts []string
	for name, on := range map[string]bool{
		"duplicate": m.Duplicate, "drop": m.Drop, "delay=" + m.Delay.String(): m.Delay > 0,
		"reverse": m.Reverse, "window=" + m.Window.String(): m.Reverse,
	} {
		if on {
			parts = append(parts, name)
		}
	}
	if len(parts) == 0 {
		return "normal"
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// deliveries are those that a new event gets.
func (m webhookMode) deliveries(now time.Time) []delivery {
	single := delivery{State: deliveryPending, Due: now.Add(m.Delay)}
	switch {
	case m.Drop:
		single.State = deliveryDropped
	case m.Reverse:
		single.State, single.Due = deliveryHeld, now
	}
	if m.Duplicate && !m.Drop {
		return []delivery{single, single}
	}
	return []delivery{single}
}

// releaseHeld lets the events go that reverse mode has held long enough, or all when that mode is over.
func (s *Sandbox) releaseHeld(now time.Time) {
	held := s.heldEvents()
	if len(held) == 0 {
		return
	}
	mode := s.state.currentSettings().Mode
	quiet, waited := now.Sub(held[0].At), now.Sub(held[len(held)-1].At)
	if mode.Reverse && quiet < mode.Window && waited < 5*mode.Window {
		return
	}
	behind := ""
	for _, waiting := range held {
		waiting.Deliveries = slices.Clone(waiting.Deliveries)
		for place := range waiting.Deliveries {
			if freed := &waiting.Deliveries[place]; freed.State == deliveryHeld {
				freed.State, freed.Due, freed.Behind = deliveryPending, now.Add(mode.Delay), behind
			}
		}
		s.state.putEvent(waiting)
		behind = waiting.ID
	}
}

// heldEvents are the events with held deliveries, newest first.
func (s *Sandbox) heldEvents() []event {
	var held []event
	for id := range s.state.index.held {
		stored, known := s.state.events.Get(id)
		if !known { // fell out by the bound of the table
			s.state.index.dropEvent(id)
			continue
		}
		held = append(held, stored)
	}
	slices.SortFunc(held, func(a, b event) int { return cmp.Compare(b.Number, a.Number) })
	return held
}
