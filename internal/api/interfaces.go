//go:build !sensor

package api

import (
	"context"
	"strings"
)

// Interfaces knows the network interfaces of the hub's machine, and the
// sensor that watches some of them.
type Interfaces interface {
	Interfaces(ctx context.Context) (InterfaceList, error)
	// Watch lets the local sensor go over to these interfaces, and keeps the
	// choice for later starts; with none it ends.
	Watch(ctx context.Context, names []string) error
}

// Interface is a network interface of the hub's machine. Its packets are the
// kernel's count, which needs no right: two readings tell whether traffic
// arrives.
type Interface struct {
	Name     string `json:"name"`
	Up       bool   `json:"up" doc:"it has a carrier"`
	Loopback bool   `json:"loopback"`
	Virtual  bool   `json:"virtual" doc:"no hardware stands behind it"`
	Speed    int    `json:"speed" doc:"Mbit/s; 0 when it is not known"`
	MAC      string `json:"mac"`
	Packets  uint64 `json:"packets" doc:"received since the machine started"`
	Bytes    uint64 `json:"bytes"`
	Watched  bool   `json:"watched"`
}

// InterfaceList is the machine's interfaces and what the hub can do with them.
type InterfaceList struct {
	Items   []Interface `json:"items"`
	Allowed bool        `json:"allowed" doc:"the hub may open packet sockets"`
	Fixed   bool        `json:"fixed" doc:"the interfaces were named at the start, so they cannot be chosen here"`
	Running bool        `json:"running" doc:"the local sensor is at work"`
	Problem string      `json:"problem" doc:"why the local sensor does not run"`
	Hint    string      `json:"hint"`
	Command string      `json:"command" doc:"for a shell: what lets the hub watch interfaces, when it may not"`
}

// maxWatched bounds how many interfaces one sensor watches.
const maxWatched = 16

type watchInput struct {
	Body struct {
		Names []string `json:"names" maxItems:"16" doc:"names of interfaces; none ends the local sensor"`
	}
}

func (s *Server) listInterfaces(ctx context.Context, _ *nothing) (*reply[InterfaceList], error) {
	if s.Interfaces == nil {
		return nil, away("watching interfaces")
	}
	l, err := s.Interfaces.Interfaces(ctx)
	if err != nil {
		return nil, err
	}
	l.Items = list(l.Items)
	return ok(l)
}

func (s *Server) watchInterfaces(ctx context.Context, in *watchInput) (*reply[InterfaceList], error) {
	if s.Interfaces == nil {
		return nil, away("watching interfaces")
	}
	if len(in.Body.Names) > maxWatched {
		return nil, invalid("a sensor watches at most 16 interfaces")
	}
	if err := s.Interfaces.Watch(ctx, in.Body.Names); err != nil {
		return nil, err
	}
	who(ctx).object = strings.Join(in.Body.Names, ", ")
	return s.listInterfaces(ctx, nil)
}
