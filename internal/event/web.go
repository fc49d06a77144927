package event

// HTTP is a request with its response (RFC 9112), or a request alone.
//
//event:kind http
type HTTP struct {
	Host         string `eve:"hostname" cbor:"1" col:"name"`
	Port         uint16 `eve:"http_port" cbor:"2"`
	URL          string `eve:"url" cbor:"3" col:"path"`
	UserAgent    string `eve:"http_user_agent" cbor:"4"`
	ContentType  string `eve:"http_content_type" cbor:"5"` // of the response
	Referer      string `eve:"http_refer" cbor:"6"`
	Method       string `eve:"http_method" cbor:"7" col:"verb"`
	Protocol     string `eve:"protocol" cbor:"8"`
	Status       uint16 `eve:"status" cbor:"9" col:"status"`
	Redirect     string `eve:"redirect" cbor:"10"`
	Length       uint64 `eve:"length" cbor:"11"` // response body bytes
	ReqLength    uint64 `eve:"request_length" cbor:"12"`
	ReqType      string `eve:"request_content_type" cbor:"13"`
	Server       string `eve:"server" cbor:"14"`
	Realm        string `eve:"realm" cbor:"15"` // of WWW-Authenticate
	PoweredBy    string `eve:"x_powered_by" cbor:"16"`
	Via          string `eve:"via" cbor:"17"`
	Upgrade      string `eve:"upgrade" cbor:"18"` // protocol switched to
	XForwarded   string `eve:"xff" cbor:"19"`
	Cookie       bool   `eve:"cookie" cbor:"20"` // a cookie was sent
	ReqBody      string `eve:"-" cbor:"-"`       // the first bytes of the request body, at most 1024
	RespBody     string `eve:"-" cbor:"-"`       // the first bytes of the response body, at most 1024, without gzip and deflate
	Title        string `eve:"title" cbor:"23"`  // of an HTML response
	RespMagic    string `eve:"response_magic" cbor:"24"`
	ReqMagic     string `eve:"request_magic" cbor:"25"`
	SOAPAction   string `eve:"soap_action" cbor:"26"`
	Encoded      bool   `eve:"-" cbor:"27"` // the response body came compressed
	HeaderNames  string `eve:"-" cbor:"28"` // request header names in order, with commas
	Authenticate string `eve:"-" cbor:"29"` // scheme of the Authorization header
}

// WebSocket is a WebSocket connection (RFC 6455) at its end.
//
//event:kind websocket
type WebSocket struct {
	URL       string `eve:"url" cbor:"1" col:"path"`
	Host      string `eve:"hostname" cbor:"2" col:"name"`
	Protocol  string `eve:"subprotocol" cbor:"3"`
	Inner     Proto  `eve:"inner_proto" cbor:"4"`
	FramesTS  uint32 `eve:"frames_toserver" cbor:"5"`
	FramesTC  uint32 `eve:"frames_toclient" cbor:"6"`
	PayloadTS uint64 `eve:"payload_toserver" cbor:"7"`
	PayloadTC uint64 `eve:"payload_toclient" cbor:"8"`
	CloseCode uint16 `eve:"close_code" cbor:"9" col:"status"`
}

// TLS is a TLS or DTLS handshake (RFC 5246, 8446).
//
//event:kind tls
type TLS struct {
	SNI         string   `eve:"sni" cbor:"1" col:"name"`
	Version     string   `eve:"version" cbor:"2" col:"verb"` // negotiated: "TLS 1.2"
	VersionNum  uint16   `eve:"-" cbor:"3"`
	Offered     uint16   `eve:"-" cbor:"4"` // highest version the client offered
	Cipher      string   `eve:"cipher" cbor:"5"`
	CipherNum   uint16   `eve:"-" cbor:"6"`
	ALPN        []string `eve:"client_alpns" cbor:"7"`
	ServerALPN  string   `eve:"server_alpn" cbor:"8"`
	JA3         string   `eve:"ja3" cbor:"9"`
	JA3S        string   `eve:"ja3s" cbor:"10"`
	JA4         string   `eve:"ja4" cbor:"11"`
	Subject     string   `eve:"subject" cbor:"12"`
	Issuer      string   `eve:"issuerdn" cbor:"13"`
	Serial      string   `eve:"serial" cbor:"14"`
	Fingerprint string   `eve:"fingerprint" cbor:"15"` // SHA-256 of the certificate
	PublicKey   string   `eve:"public_key" cbor:"16"`  // SHA-256 of the subject public key info
	KeyBits     uint16   `eve:"key_bits" cbor:"17"`
	SANs        []string `eve:"subjectaltname" cbor:"18"`
	NotBefore   int64    `eve:"notbefore,time" cbor:"19"`
	NotAfter    int64    `eve:"notafter,time" cbor:"20"`
	SelfSigned  bool     `eve:"self_signed" cbor:"21"`
	ClientCert  string   `eve:"client_subject" cbor:"22" col:"user"`
	Resumed     bool     `eve:"session_resumed" cbor:"23"`
	Established bool     `eve:"established" cbor:"24"` // application data or Finished seen from both sides
	Alert       string   `eve:"alert" cbor:"25" col:"status"`
	Weak        []string `eve:"weak" cbor:"26"` // what is weak about it: version, cipher, key, expired, signature
	DTLS        bool     `eve:"dtls" cbor:"27"`
}

// QUIC is the first flight of a QUIC connection (RFC 9000).
//
//event:kind quic
type QUIC struct {
	Version   string   `eve:"version" cbor:"1" col:"verb"`
	SNI       string   `eve:"sni" cbor:"2" col:"name"`
	UserAgent string   `eve:"ua" cbor:"3"`
	ALPN      []string `eve:"client_alpns" cbor:"4"`
	JA3       string   `eve:"ja3" cbor:"5"`
	JA4       string   `eve:"ja4" cbor:"6"`
}

// SSH is an SSH connection's opening (RFC 4253), with what its packet sizes
// tell of authentication.
//
//event:kind ssh
type SSH struct {
	ClientProto   string `eve:"client_proto_version" cbor:"1"`
	ClientBanner  string `eve:"client_software" cbor:"2" col:"verb"`
	ServerProto   string `eve:"server_proto_version" cbor:"3"`
	ServerBanner  string `eve:"server_software" cbor:"4"`
	HASSH         string `eve:"hassh" cbor:"5"`
	HASSHServer   string `eve:"hassh_server" cbor:"6"`
	Auth          string `eve:"auth" cbor:"7" col:"status"` // success, failure, unknown: inferred from record lengths
	Attempts      uint16 `eve:"auth_attempts" cbor:"8"`
	ServerHostKey string `eve:"host_key" cbor:"9"` // SHA-256 where it can be read
}

// Telnet is a line typed or a state reached in a Telnet session (RFC 854).
//
//event:kind telnet
type Telnet struct {
	Event   string `eve:"event" cbor:"1" col:"verb"` // login, command, banner
	User    string `eve:"user" cbor:"2" col:"user"`
	Command string `eve:"command" cbor:"3" col:"path"`
	Banner  string `eve:"banner" cbor:"4"`
	Prompt  string `eve:"prompt" cbor:"5"` // what the server showed before the command
	Output  string `eve:"output" cbor:"6"` // the first bytes of the server's answer, at most 256
	Via     string `eve:"via" cbor:"7"`    // how the shell was reached when not by Telnet: adb
}

// FTP is a command with its reply (RFC 959).
//
//event:kind ftp
type FTP struct {
	Command string `eve:"command" cbor:"1" col:"verb"`
	Arg     string `eve:"command_data" cbor:"2" col:"path"`
	Code    string `eve:"completion_code" cbor:"3" col:"status"`
	Reply   string `eve:"reply" cbor:"4"`
	Port    uint16 `eve:"dynamic_port" cbor:"5"` // data port that PASV or PORT named
}

// RTSP is a request with its response (RFC 7826).
//
//event:kind rtsp
type RTSP struct {
	Method    string `eve:"method" cbor:"1" col:"verb"`
	URL       string `eve:"url" cbor:"2" col:"path"`
	Status    uint16 `eve:"status" cbor:"3" col:"status"`
	UserAgent string `eve:"user_agent" cbor:"4"`
	Server    string `eve:"server" cbor:"5"`
	Realm     string `eve:"realm" cbor:"6"`
	Media     string `eve:"media" cbor:"7"` // media lines of a session description
	Transport string `eve:"transport" cbor:"8"`
}

// IRC is an IRC command of interest (RFC 2812): NICK, USER, JOIN, PRIVMSG, TOPIC.
//
//event:kind irc
type IRC struct {
	Command string `eve:"command" cbor:"1" col:"verb"`
	Nick    string `eve:"nick" cbor:"2" col:"user"`
	Target  string `eve:"target" cbor:"3" col:"path"`
	Text    string `eve:"text" cbor:"4"` // at most 256 bytes
}

// SMTP is a mail transaction (RFC 5321), without its content.
//
//event:kind smtp
type SMTP struct {
	Helo       string `eve:"helo" cbor:"1" col:"name"`
	MailFrom   string `eve:"mail_from" cbor:"2" col:"user"`
	Recipients uint32 `eve:"recipients" cbor:"3"`
	Banner     string `eve:"banner" cbor:"4"`
	TLS        bool   `eve:"starttls" cbor:"5"`
	Rejected   uint32 `eve:"rejected" cbor:"6"`
}

// SIP is a SIP request with its response (RFC 3261).
//
//event:kind sip
type SIP struct {
	Method    string `eve:"method" cbor:"1" col:"verb"`
	URI       string `eve:"uri" cbor:"2" col:"path"`
	Code      uint16 `eve:"code" cbor:"3" col:"status"`
	UserAgent string `eve:"user_agent" cbor:"4"`
	Server    string `eve:"server" cbor:"5"`
}

// RDP is the opening of a Remote Desktop connection (MS-RDPBCGR).
//
//event:kind rdp
type RDP struct {
	Cookie   string `eve:"cookie" cbor:"1" col:"user"`
	Protocol string `eve:"protocol" cbor:"2" col:"verb"` // rdp, tls, credssp
	Failure  string `eve:"failure" cbor:"3" col:"status"`
}

// VNC is the opening of an RFB connection (RFC 6143).
//
//event:kind vnc
type VNC struct {
	ServerVersion string `eve:"server_version" cbor:"1"`
	ClientVersion string `eve:"client_version" cbor:"2"`
	Security      string `eve:"security" cbor:"3" col:"verb"` // none, vnc, tls ...
	Result        string `eve:"auth_result" cbor:"4" col:"status"`
}

// Mining is a message of a mining protocol: Stratum or JSON-RPC.
//
//event:kind mining
type Mining struct {
	Protocol  string `eve:"protocol" cbor:"1" col:"proto"` // stratum, stratum2, getwork, getblocktemplate, ethproxy, xmrig
	Method    string `eve:"method" cbor:"2" col:"verb"`
	Worker    string `eve:"worker" cbor:"3" col:"user"` // login or wallet, shortened
	Agent     string `eve:"agent" cbor:"4"`
	Algorithm string `eve:"algorithm" cbor:"5"`
	Transport string `eve:"transport" cbor:"6"` // tcp, websocket, http
	Accepted  bool   `eve:"accepted" cbor:"7"`
}

// P2P is the opening of a peer-to-peer protocol.
//
//event:kind p2p
type P2P struct {
	Protocol string `eve:"protocol" cbor:"1" col:"proto"` // bittorrent, bittorrent-dht, bitcoin, ethereum, monero, gnutella
	Detail   string `eve:"detail" cbor:"2" col:"path"`
}

// SOCKS is a proxied connection request (RFC 1928; SOCKS 4; HTTP CONNECT).
//
//event:kind socks
type SOCKS struct {
	Version uint8  `eve:"version" cbor:"1"`
	Command string `eve:"command" cbor:"2" col:"verb"`
	Target  string `eve:"target" cbor:"3" col:"name"`
	Granted bool   `eve:"granted" cbor:"4"`
	Auth    string `eve:"auth" cbor:"5"`
}

// KRB5 is a Kerberos exchange (RFC 4120).
//
//event:kind krb5
type KRB5 struct {
	MsgType    string `eve:"msg_type" cbor:"1" col:"verb"` // KRB_AS_REQ ...
	Client     string `eve:"cname" cbor:"2" col:"user"`
	Realm      string `eve:"realm" cbor:"3"`
	Service    string `eve:"sname" cbor:"4" col:"name"`
	ErrorCode  string `eve:"error_code" cbor:"5" col:"status"`
	Encryption string `eve:"encryption" cbor:"6"`
	Weak       bool   `eve:"weak_encryption" cbor:"7"`
	PreAuth    bool   `eve:"preauth" cbor:"8"`

	FailedRequest    string `eve:"failed_request" cbor:"9"`     // of a KRB_ERROR: the request it answers
	TicketEncryption string `eve:"ticket_encryption" cbor:"10"` // of the ticket in a reply
}

// SMB is an SMB1 or SMB2/3 command with its status (MS-SMB, MS-SMB2).
//
//event:kind smb
type SMB struct {
	Dialect   string `eve:"dialect" cbor:"1"`
	Command   string `eve:"command" cbor:"2" col:"verb"`
	Status    string `eve:"status" cbor:"3" col:"status"`
	StatusNum uint32 `eve:"-" cbor:"4"`
	Filename  string `eve:"filename" cbor:"5" col:"path"`
	Share     string `eve:"share" cbor:"6" col:"path"`
	NamedPipe string `eve:"named_pipe" cbor:"7" col:"path"`
	User      string `eve:"user" cbor:"8" col:"user"`
	Domain    string `eve:"domain" cbor:"9"`
	Host      string `eve:"host" cbor:"10" col:"name"`
	NativeOS  string `eve:"native_os" cbor:"11"`
	NativeLM  string `eve:"native_lm" cbor:"12"`
	Version   uint8  `eve:"version" cbor:"13"` // 1, 2
	Written   uint64 `eve:"written" cbor:"14"` // bytes of a WRITE
	Magic     string `eve:"magic" cbor:"15"`   // what a WRITE's first bytes are
	Encrypted bool   `eve:"encrypted" cbor:"16"`

	Disposition string `eve:"disposition" cbor:"17"` // of a CREATE: FILE_OPEN, FILE_CREATE ...
	Access      string `eve:"access" cbor:"18"`      // of a CREATE: normal, or delete on close
}

// DCERPC is a DCE/RPC bind or call (C706).
//
//event:kind dcerpc
type DCERPC struct {
	Request   string `eve:"request" cbor:"1" col:"verb"` // BIND, REQUEST, ALTER_CONTEXT
	UUID      string `eve:"uuid" cbor:"2"`
	Interface string `eve:"interface" cbor:"3" col:"path"` // svcctl, samr, drsuapi ...
	Opnum     uint16 `eve:"opnum" cbor:"4"`
	Operation string `eve:"operation" cbor:"5" col:"verb"`
	Endpoint  string `eve:"endpoint" cbor:"6" col:"path"` // pipe or port
	CallID    uint32 `eve:"call_id" cbor:"7"`
	Fault     uint32 `eve:"fault" cbor:"8" col:"status"`
	StubLen   uint32 `eve:"stub_data_size" cbor:"9"`
}
