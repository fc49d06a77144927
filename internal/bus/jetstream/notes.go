package jetstream

import (
	"fmt"
	"sync"
)

// notes keeps what the server complained about last.
type notes struct {
	mu   sync.Mutex
	text string
}

func (n *notes) keep(format string, v []any) {
	n.mu.Lock()
	n.text = fmt.Sprintf(format, v...)
	n.mu.Unlock()
}

func (n *notes) last() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.text == "" {
		return "no reason given"
	}
	return n.text
}

func (n *notes) Warnf(format string, v ...any)  { n.keep(format, v) }
func (n *notes) Errorf(format string, v ...any) { n.keep(format, v) }
func (n *notes) Fatalf(format string, v ...any) { n.keep(format, v) }
func (n *notes) Noticef(string, ...any)         {}
func (n *notes) Debugf(string, ...any)          {}
func (n *notes) Tracef(string, ...any)          {}
