package confine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// specFrame is the kind of the one frame from parent to child.
const specFrame = 'T'

// Session is the child's side.
type Session struct {
	Spec []byte // what it is to do
	*Writer
	entered bool
}

// Serve is the life of a child: it takes the task, calls work, and tells the
// parent when that fails. work opens what it needs, calls [Session.Enter], and
// only then reads what strangers wrote. Its context ends when the parent wants
// it to end or is no more.
func Serve(ctx context.Context, work func(context.Context, *Session) error) error {
	out, leash := os.NewFile(3, "frames"), os.NewFile(4, "leash")
	if out == nil || leash == nil {
		return errors.New("this command is for the program itself: it has no parent")
	}
	in := reader{bufio.NewReader(leash)}
	task, err := in.next()
	if err != nil || task.Kind != specFrame {
		return fmt.Errorf("take the task: %w", errors.Join(err, errFrame))
	}
	s := &Session{Spec: task.Content, Writer: NewWriter(out)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, leash) // ends when the parent lets go
		cancel()
	}()
	err = work(ctx, s)
	if err != nil && !errors.Is(err, context.Canceled) {
		return errors.Join(err, s.Write(errorFrame, []byte(err.Error())))
	}
	return nil
}

// Enter confines the process and tells the parent what is in force.
func (s *Session) Enter(l Limits) error {
	if s.entered {
		return errors.New("the process is confined already")
	}
	state, err := Enter(l)
	if err != nil {
		return fmt.Errorf("confine the parsing process: %w", err)
	}
	s.entered = true
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("tell the state of the confinement: %w", err)
	}
	return s.Write(stateFrame, b)
}
