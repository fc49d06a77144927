package smb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/dcerpc"
	"edgeward/internal/wire/proto/netbios"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
	"edgeward/internal/wire/proto/utf16le"
)

var le = binary.LittleEndian

// message2 makes an SMB 2 message whose body is fixed with variable behind it;
// the offset of variable is put at offAt of the body, its length behind that
// as 16 bits, or 32 bits when wide.
func message2(cmd uint16, id uint64, response bool, status uint32, fixed, variable []byte, offAt int) []byte {
	h := make([]byte, header2Len)
	copy(h, "\xfeSMB\x40\x00")
	le.PutUint32(h[8:], status)
	le.PutUint16(h[12:], cmd)
	if response {
		le.PutUint32(h[16:], flag2Response)
	}
	le.PutUint64(h[24:], id)
	le.PutUint32(h[36:], 5)
	le.PutUint64(h[40:], 77)
	body := bytes.Clone(fixed)
	if offAt >= 0 {
		le.PutUint16(body[offAt:], uint16(header2Len+len(fixed)))
		if cmd != cmd2Write && cmd != cmd2Read {
			le.PutUint16(body[offAt+2:], uint16(len(variable)))
		}
	}
	return append(append(h, body...), variable...)
}

func frame(messages ...[]byte) []byte {
	var all []byte
	for i, m := range messages {
		m = bytes.Clone(m)
		if i < len(messages)-1 {
			for len(m)%8 != 0 {
				m = append(m, 0)
			}
			le.PutUint32(m[20:], uint32(len(m)))
		}
		all = append(all, m...)
	}
	return netbios.Append(nil, netbios.Message, all)
}

func utf16(s string) []byte { return utf16le.Encode(nil, s) }

func negotiateAnswer(dialect uint16) []byte {
	fixed := make([]byte, 64)
	le.PutUint16(fixed[4:], dialect)
	return message2(cmd2Negotiate, 0, true, 0, fixed, nil, -1)
}

func setup(id uint64, blob []byte) []byte {
	return message2(cmd2SessionSetup, id, false, 0, make([]byte, 24), blob, 12)
}

func setupAnswer(id uint64, status uint32, blob []byte) []byte {
	return message2(cmd2SessionSetup, id, true, status, make([]byte, 8), blob, 4)
}

// authenticate makes an NTLM message that proves user.
func authenticate(domain, user, host string) []byte {
	b := append([]byte("NTLMSSP\x00\x03\x00\x00\x00"), make([]byte, 60)...)
	le.PutUint32(b[60:], 1)
	for at, v := range map[int][]byte{20: make([]byte, 100), 28: utf16(domain), 36: utf16(user), 44: utf16(host)} {
		le.PutUint16(b[at:], uint16(len(v)))
		le.PutUint32(b[at+4:], uint32(len(b)))
		b = append(b, v...)
	}
	return b
}

func create(id uint64, name string, disposition, options uint32) []byte {
	fixed := make([]byte, 56)
	le.PutUint32(fixed[36:], disposition)
	le.PutUint32(fixed[40:], options)
	return message2(cmd2Create, id, false, 0, fixed, utf16(name), 44)
}

func createAnswer(id uint64, status uint32, file byte) []byte {
	fixed := make([]byte, 88)
	fixed[64] = file
	return message2(cmd2Create, id, true, status, fixed, nil, -1)
}

func treeConnect(id uint64, share string) []byte {
	return message2(cmd2TreeConnect, id, false, 0, make([]byte, 8), utf16(share), 4)
}

func treeAnswer(id uint64, status uint32) []byte {
	return message2(cmd2TreeConnect, id, true, status, make([]byte, 16), nil, -1)
}

func write(id uint64, file byte, offset uint64, data []byte) []byte {
	fixed := make([]byte, 48)
	le.PutUint32(fixed[4:], uint32(len(data)))
	le.PutUint64(fixed[8:], offset)
	fixed[16] = file
	return message2(cmd2Write, id, false, 0, fixed, data, 2)
}

func writeAnswer(id uint64) []byte {
	return message2(cmd2Write, id, true, 0, make([]byte, 16), nil, -1)
}

func closing(id uint64, file byte) []byte {
	fixed := make([]byte, 24)
	fixed[8] = file
	return message2(cmd2Close, id, false, 0, fixed, nil, -1)
}

func closed(id uint64) []byte { return message2(cmd2Close, id, true, 0, make([]byte, 60), nil, -1) }

// transceive makes a call through a pipe, and its answer.
func transceive(id uint64, file byte, response bool, data []byte) []byte {
	fixed := make([]byte, 56)
	le.PutUint32(fixed[4:], fsctlPipeTransceive)
	fixed[8] = file
	at := 24
	if response {
		fixed, at = fixed[:48], 32
	}
	le.PutUint32(fixed[at:], uint32(header2Len+len(fixed)))
	le.PutUint32(fixed[at+4:], uint32(len(data)))
	return message2(cmd2IOCTL, id, response, 0, fixed, data, -1)
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.SMB:
			name := strings.TrimPrefix(strings.TrimPrefix(b.Command, "SMB2_COMMAND_"), "SMB1_COMMAND_")
			out = append(out, fmt.Sprintf("%d:%s:%s", b.Version, name, strings.TrimPrefix(b.Status, "STATUS_"))+
				optional(b.Share)+optional(b.Filename)+optional(b.NamedPipe)+optional(b.User)+optional(b.Magic)+optional(b.Disposition))
		case *event.DCERPC:
			out = append(out, fmt.Sprintf("rpc:%s:%s:%s", b.Interface, b.Operation, b.Endpoint))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%s", b.Mechanism, b.User, b.Outcome))
		case *event.FileInfo:
			out = append(out, fmt.Sprintf("file:%s:%s:%d:%s", b.Filename, b.Magic, b.Size, b.Dir))
		case *event.Identity:
			out = append(out, "id:"+b.Name+b.OS)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, "\n")
}

func optional(s string) string {
	if s == "" {
		return ""
	}
	return ":" + s
}

func TestVersion2(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	svcctl := dcerpc.ParseUUID("367abb81-9844-35f1-ad32-98f038001003")
	bind := dcerpc.AppendBind(nil, 1, &dcerpc.Context{Abstract: svcctl, Major: 2})
	call := dcerpc.AppendRequest(nil, 2, 0, 12, []byte("x"))
	answer := append([]byte{5, 0, 2, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 2, 0, 0, 0}, make([]byte, 8)...)
	program := append([]byte("\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"), make([]byte, 20000)...)
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"login and share", []dialogue.Turn{
			C(frame(message2(cmd2Negotiate, 0, false, 0, make([]byte, 36), nil, -1))), S(frame(negotiateAnswer(0x311))),
			C(frame(setup(1, []byte("NTLMSSP\x00\x01\x00\x00\x00\x00\x00\x00\x00")))), S(frame(setupAnswer(1, statusMoreProcessing, nil))),
			C(frame(setup(2, authenticate("CORP", "eve", "PC")))), S(frame(setupAnswer(2, 0, nil))),
			C(frame(treeConnect(3, `\\srv\ADMIN$`))), S(frame(treeAnswer(3, 0))),
		}, "2:NEGOTIATE_PROTOCOL:SUCCESS\n2:SESSION_SETUP:MORE_PROCESSING_REQUIRED\n2:SESSION_SETUP:SUCCESS:eve\nid:PC\nlogin:ntlmv2:CORP\\eve:success\n2:TREE_CONNECT:SUCCESS:\\\\srv\\ADMIN$"},
		{"wrong password", []dialogue.Turn{
			C(frame(setup(2, authenticate("", "eve", "")))), S(frame(setupAnswer(2, 0xc000006d, nil))),
		}, "2:SESSION_SETUP:LOGON_FAILURE:eve\nlogin:ntlmv2:eve:failure"},
		{"program written in parts", []dialogue.Turn{
			C(frame(treeConnect(1, `\\srv\C$`))), S(frame(treeAnswer(1, 0))),
			C(frame(create(2, `tmp\a.exe`, 5, 0))), S(frame(createAnswer(2, 0, 9))),
			C(frame(write(3, 9, 0, program))), S(frame(writeAnswer(3))), C(frame(write(4, 9, uint64(len(program)), []byte("end")))), S(frame(writeAnswer(4))),
			C(frame(closing(5, 9))), S(frame(closed(5))),
		}, "2:TREE_CONNECT:SUCCESS:\\\\srv\\C$\n2:CREATE:SUCCESS:\\\\srv\\C$:tmp\\a.exe:FILE_OVERWRITE_IF\n2:WRITE:SUCCESS:\\\\srv\\C$:tmp\\a.exe:elf-arm\nfile:\\\\srv\\C$\\tmp\\a.exe:elf-arm:20023:to_server"},
		{"service through a pipe", []dialogue.Turn{
			C(frame(treeConnect(1, `\\srv\IPC$`))), S(frame(treeAnswer(1, 0))), C(frame(create(2, "svcctl", 1, 0))), S(frame(createAnswer(2, 0, 9))),
			C(frame(write(3, 9, 0, bind))), S(frame(writeAnswer(3))),
			C(frame(transceive(4, 9, false, call))), S(frame(transceive(4, 9, true, answer))),
			C(frame(closing(5, 9))), S(frame(closed(5))),
		}, "2:TREE_CONNECT:SUCCESS:\\\\srv\\IPC$:\\\\srv\\IPC$\n2:CREATE:SUCCESS:\\\\srv\\IPC$:svcctl:FILE_OPEN\nrpc:svcctl:CreateServiceW:svcctl\nrpc:svcctl::svcctl"},
		{"compound", []dialogue.Turn{
			C(frame(create(1, "x.txt", 1, deleteOnClose), message2(cmd2Close, 2, false, 0, make([]byte, 24), nil, -1))),
			S(frame(createAnswer(1, 0xc0000022, 0), closed(2))),
		}, "2:CREATE:ACCESS_DENIED:x.txt:FILE_OPEN"},
		{"never answered", []dialogue.Turn{C(frame(setup(1, authenticate("", "bob", "")))), C(frame(create(2, "y", 1, 0)))},
			"login:ntlmv2:bob:unknown\n2:SESSION_SETUP:\n2:CREATE::y:FILE_OPEN"},
		{"encrypted", []dialogue.Turn{C(netbios.Append(nil, 0, append([]byte("\xfdSMB"), make([]byte, 80)...)))}, "2:SMB3_TRANSFORM:"},
		{"unknown status", []dialogue.Turn{C(frame(treeConnect(1, `\\a\b`))), S(frame(treeAnswer(1, 0xc0de1234)))}, "2:TREE_CONNECT:0xc0de1234:\\\\a\\b"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 445)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	}
}

// message1 makes an SMB 1 message of one block.
func message1(cmd byte, mid uint16, response bool, status uint32, words, data []byte) []byte {
	h := make([]byte, header1Len)
	copy(h, "\xffSMB")
	h[4] = cmd
	le.PutUint32(h[5:], status)
	if response {
		h[9] = 0x80
	}
	le.PutUint16(h[10:], flag1NTStatus)
	le.PutUint16(h[30:], mid)
	h = append(append(h, byte(len(words)/2)), words...)
	h = le.AppendUint16(h, uint16(len(data)))
	return append(h, data...)
}

func words(n int, at map[int]uint16) []byte {
	w := make([]byte, 2*n)
	for i, v := range at {
		le.PutUint16(w[i:], v)
	}
	if n > 0 && w[0] == 0 {
		w[0] = noAndX
	}
	return w
}

func TestVersion1(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	wrap := func(m []byte) []byte { return netbios.Append(nil, netbios.Message, m) }
	turns := []dialogue.Turn{
		C(wrap(message1(cmd1Negotiate, 1, false, 0, nil, []byte("\x02LANMAN1.0\x00\x02NT LM 0.12\x00")))),
		S(wrap(message1(cmd1Negotiate, 1, true, 0, []byte{1, 0, 0, 0}, nil))),
		C(wrap(message1(cmd1SessionSetup, 2, false, 0, words(13, map[int]uint16{14: 24, 16: 0}), append(make([]byte, 24), "bob\x00WG\x00Unix\x00Samba\x00"...)))),
		S(wrap(message1(cmd1SessionSetup, 2, true, 0xc000006d, nil, nil))),
		C(wrap(message1(cmd1SessionSetup, 3, false, 0, words(13, map[int]uint16{14: 1, 16: 0}), []byte("\x00\x00\x00Unix\x00Samba\x00")))),
		S(wrap(message1(cmd1SessionSetup, 3, true, 0, words(3, nil), []byte("Windows 5.1\x00Windows 2000 LAN Manager\x00WG\x00")))),
		C(wrap(message1(cmd1TreeConnect, 4, false, 0, words(4, map[int]uint16{6: 1}), []byte("\x00\\\\SRV\\IPC$\x00?????\x00")))),
		S(wrap(message1(cmd1TreeConnect, 4, true, 0, words(3, nil), nil))),
		C(wrap(message1(cmd1NTCreate, 5, false, 0, words(24, nil), []byte("\\browser\x00")))),
		S(wrap(message1(cmd1NTCreate, 5, true, 0, words(34, map[int]uint16{5: 0x4000}), nil))),
		C(wrap(message1(cmd1Trans2, 6, false, 0, words(15, map[int]uint16{0: 12, 26: 1, 28: 0x0e}), nil))),
		S(wrap(message1(cmd1Trans2, 6, true, 0xc0000002, nil, nil))),
	}
	want := `1:NEGOTIATE_PROTOCOL:SUCCESS
1:SESSION_SETUP_ANDX:LOGON_FAILURE:bob
id:Unix
login:ntlmv1:WG\bob:failure
1:SESSION_SETUP_ANDX:SUCCESS
login:anonymous::success
id:Windows 5.1
1:TREE_CONNECT_ANDX:SUCCESS:\\SRV\IPC$:\\SRV\IPC$
1:NT_CREATE_ANDX:SUCCESS:\\SRV\IPC$:\browser:FILE_SUPERSEDE
anomaly:trans2_session_setup
1:TRANS2:NOT_IMPLEMENTED:\\SRV\IPC$`
	c := prototest.NewConn(6, 445)
	dialogue.PlayBytes(t, Protocol, c, turns...)
	if got := summary(c); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if f := dialogue.Facts[event.SMB](c)[0]; f.Dialect != "NT LM 0.12" {
		t.Errorf("dialect %q", f.Dialect)
	}
}

func TestFindsItsWayAfterAGap(t *testing.T) {
	c := prototest.NewConn(6, 445)
	p := Protocol.New()
	if !p.Gap(c, event.ToServer, 0) {
		t.Fatal("gives up in the middle")
	}
	b := append([]byte("rest of a message with SMB in it"), frame(create(2, "found", 1, 0))...)
	if n, err := p.Data(c, event.ToServer, b); n != len(b) || err != nil {
		t.Fatalf("%d of %d, %v", n, len(b), err)
	}
	p.End(c)
	if got := summary(c); got != "2:CREATE::found:FILE_OPEN" {
		t.Error(got)
	}
}

func TestProbe(t *testing.T) {
	for in, want := range map[string]proto.Match{
		string(frame(treeConnect(1, "x"))): proto.Yes,
		"\x00\x00\x00\x90\xffSMBr":         proto.Yes,
		"\x00\x00\x00\x90":                 proto.More,
		"\x00\x00\x00\x05\xffSMB":          proto.No,
		"\x00\x00\x00\x90GET ":             proto.No,
		"\x81\x00\x00\x44\x20CKFDENECFDEF": proto.No,
		"GET / HTTP/1.1\r\n":               proto.No,
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 445), dialogue.C(in)); got != want {
			t.Errorf("%.20q: %d, want %d", in, got, want)
		}
	}
}

func TestTablesAreBounded(t *testing.T) {
	c := prototest.NewConn(6, 445)
	p := &dialogue.Player{Parser: Protocol.New(), Conn: c}
	for i := range uint64(2000) {
		p.Say(event.ToServer, frame(treeConnect(3*i, fmt.Sprintf(`\\s%d\IPC$`, i))))
		a := treeAnswer(3*i, 0)
		le.PutUint32(a[36:], uint32(i%40))
		p.Say(event.ToClient, frame(a))
		pipe := create(3*i+1, "pipe", 1, 0)
		le.PutUint32(pipe[36:], uint32(i%40))
		p.Say(event.ToServer, frame(pipe))
		b := createAnswer(3*i+1, 0, 0)
		le.PutUint64(b[header2Len+64:], i+1)
		p.Say(event.ToClient, frame(b))
		p.Say(event.ToServer, frame(create(3*i+2, "unanswered", 1, 0)))
		c.Env.Out.Reset()
	}
	q := p.Parser.(*parser)
	if len(q.trees.list) > maxTrees || len(q.files.list) > maxFiles || q.requests.Len() > maxRequests || q.files.pipes > maxPipes {
		t.Errorf("%d shares, %d files, %d requests, %d pipes", len(q.trees.list), len(q.files.list), q.requests.Len(), q.files.pipes)
	}
}

func FuzzSMB(f *testing.F) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	dialogue.Fuzz(f, Protocol, 6, 445,
		dialogue.Seed(C(frame(treeConnect(1, `\\s\IPC$`))), S(frame(treeAnswer(1, 0))), C(frame(create(2, "svcctl", 1, 0))), S(frame(createAnswer(2, 0, 9))),
			C(frame(write(3, 9, 0, []byte("\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00")))), C(frame(transceive(4, 9, false, []byte("x")))), S(frame(transceive(4, 9, true, []byte("x"))))),
		dialogue.Seed(C(frame(setup(1, authenticate("A", "B", "C")))), S(frame(setupAnswer(1, 0, nil))), S(frame(negotiateAnswer(0x311)))),
		dialogue.Seed(C(netbios.Append(nil, 0, message1(cmd1SessionSetup, 2, false, 0, words(13, map[int]uint16{14: 24}), make([]byte, 60)))),
			S(netbios.Append(nil, 0, message1(cmd1SessionSetup, 2, true, 0, words(3, nil), make([]byte, 60))))),
	)
}
