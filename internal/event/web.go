package event

// HTTP is a request with its response (RFC 9112), or a request alone.
//
//event:kind http
type HTTP struct {
	Host         string `eve:"hostname"`
	Port         uint16 `eve:"http_port"`
	URL          string `eve:"url"`
	UserAgent    string `eve:"http_user_agent"`
	ContentType  string `eve:"http_content_type"` // of the response
	Referer      string `eve:"http_refer"`
	Method       string `eve:"http_method"`
	Protocol     string `eve:"protocol"`
	Status       uint16 `eve:"status"`
	Redirect     string `eve:"redirect"`
	Length       uint64 `eve:"length"` // response body bytes
	ReqLength    uint64 `eve:"request_length"`
	ReqType      string `eve:"request_content_type"`
	Server       string `eve:"server"`
	Realm        string `eve:"realm"` // of WWW-Authenticate
	PoweredBy    string `eve:"x_powered_by"`
	Via          string `eve:"via"`
	Upgrade      string `eve:"upgrade"` // protocol switched to
	XForwarded   string `eve:"xff"`
	Cookie       bool   `eve:"cookie"` // a cookie was sent
	ReqBody      string `eve:"-"`      // the first bytes of the request body, at most 1024
	RespBody     string `eve:"-"`      // the first bytes of the response body, at most 1024, without gzip and deflate
	Title        string `eve:"title"`  // of an HTML response
	RespMagic    string `eve:"response_magic"`
	ReqMagic     string `eve:"request_magic"`
	SOAPAction   string `eve:"soap_action"`
	Encoded      bool   `eve:"-"` // the response body came compressed
	HeaderNames  string `eve:"-"` // request header names in order, with commas
	Authenticate string `eve:"-"` // scheme of the Authorization header
}

// WebSocket is a WebSocket connection (RFC 6455) at its end.
//
//event:kind websocket
type WebSocket struct {
	URL       string `eve:"url"`
	Host      string `eve:"hostname"`
	Protocol  string `eve:"subprotocol"`
	Inner     Proto  `eve:"inner_proto"`
	FramesTS  uint32 `eve:"frames_toserver"`
	FramesTC  uint32 `eve:"frames_toclient"`
	PayloadTS uint64 `eve:"payload_toserver"`
	PayloadTC uint64 `eve:"payload_toclient"`
	CloseCode uint16 `eve:"close_code"`
}

// TLS is a TLS or DTLS handshake (RFC 5246, 8446).
//
//event:kind tls
type TLS struct {
	SNI         string   `eve:"sni"`
	Version     string   `eve:"version"` // negotiated: "TLS 1.2"
	VersionNum  uint16   `eve:"-"`
	Offered     uint16   `eve:"-"` // highest version the client offered
	Cipher      string   `eve:"cipher"`
	CipherNum   uint16   `eve:"-"`
	ALPN        []string `eve:"client_alpns"`
	ServerALPN  string   `eve:"server_alpn"`
	JA3         string   `eve:"ja3"`
	JA3S        string   `eve:"ja3s"`
	JA4         string   `eve:"ja4"`
	Subject     string   `eve:"subject"`
	Issuer      string   `eve:"issuerdn"`
	Serial      string   `eve:"serial"`
	Fingerprint string   `eve:"fingerprint"` // SHA-256 of the certificate
	PublicKey   string   `eve:"public_key"`  // SHA-256 of the subject public key info
	KeyBits     uint16   `eve:"key_bits"`
	SANs        []string `eve:"subjectaltname"`
	NotBefore   int64    `eve:"notbefore,time"`
	NotAfter    int64    `eve:"notafter,time"`
	SelfSigned  bool     `eve:"self_signed"`
	ClientCert  string   `eve:"client_subject"`
	Resumed     bool     `eve:"session_resumed"`
	Established bool     `eve:"established"` // application data or Finished seen from both sides
	Alert       string   `eve:"alert"`
	Weak        []string `eve:"weak"` // what is weak about it: version, cipher, key, expired, signature
	DTLS        bool     `eve:"dtls"`
}

// QUIC is the first flight of a QUIC connection (RFC 9000).
//
//event:kind quic
type QUIC struct {
	Version   string   `eve:"version"`
	SNI       string   `eve:"sni"`
	UserAgent string   `eve:"ua"`
	ALPN      []string `eve:"client_alpns"`
	JA3       string   `eve:"ja3"`
	JA4       string   `eve:"ja4"`
}

// SSH is an SSH connection's opening (RFC 4253), with what its packet sizes
// tell of authentication.
//
//event:kind ssh
type SSH struct {
	ClientProto   string `eve:"client_proto_version"`
	ClientBanner  string `eve:"client_software"`
	ServerProto   string `eve:"server_proto_version"`
	ServerBanner  string `eve:"server_software"`
	HASSH         string `eve:"hassh"`
	HASSHServer   string `eve:"hassh_server"`
	Auth          string `eve:"auth"` // success, failure, unknown: inferred from record lengths
	Attempts      uint16 `eve:"auth_attempts"`
	ServerHostKey string `eve:"host_key"` // SHA-256 where it can be read
}

// Telnet is a line typed or a state reached in a Telnet session (RFC 854).
//
//event:kind telnet
type Telnet struct {
	Event   string `eve:"event"` // login, command, banner
	User    string `eve:"user"`
	Command string `eve:"command"`
	Banner  string `eve:"banner"`
	Prompt  string `eve:"prompt"` // what the server showed before the command
	Output  string `eve:"output"` // the first bytes of the server's answer, at most 256
	Via     string `eve:"via"`    // how the shell was reached when not by Telnet: adb
}

// FTP is a command with its reply (RFC 959).
//
//event:kind ftp
type FTP struct {
	Command string `eve:"command"`
	Arg     string `eve:"command_data"`
	Code    string `eve:"completion_code"`
	Reply   string `eve:"reply"`
	Port    uint16 `eve:"dynamic_port"` // data port that PASV or PORT named
}

// RTSP is a request with its response (RFC 7826).
//
//event:kind rtsp
type RTSP struct {
	Method    string `eve:"method"`
	URL       string `eve:"url"`
	Status    uint16 `eve:"status"`
	UserAgent string `eve:"user_agent"`
	Server    string `eve:"server"`
	Realm     string `eve:"realm"`
	Media     string `eve:"media"` // media lines of a session description
	Transport string `eve:"transport"`
}

// IRC is an IRC command of interest (RFC 2812): NICK, USER, JOIN, PRIVMSG, TOPIC.
//
//event:kind irc
type IRC struct {
	Command string `eve:"command"`
	Nick    string `eve:"nick"`
	Target  string `eve:"target"`
	Text    string `eve:"text"` // at most 256 bytes
}

// SMTP is a mail transaction (RFC 5321), without its content.
//
//event:kind smtp
type SMTP struct {
	Helo       string `eve:"helo"`
	MailFrom   string `eve:"mail_from"`
	Recipients uint32 `eve:"recipients"`
	Banner     string `eve:"banner"`
	TLS        bool   `eve:"starttls"`
	Rejected   uint32 `eve:"rejected"`
}

// SIP is a SIP request with its response (RFC 3261).
//
//event:kind sip
type SIP struct {
	Method    string `eve:"method"`
	URI       string `eve:"uri"`
	Code      uint16 `eve:"code"`
	UserAgent string `eve:"user_agent"`
	Server    string `eve:"server"`
}

// RDP is the opening of a Remote Desktop connection (MS-RDPBCGR).
//
//event:kind rdp
type RDP struct {
	Cookie   string `eve:"cookie"`
	Protocol string `eve:"protocol"` // rdp, tls, credssp
	Failure  string `eve:"failure"`
}

// VNC is the opening of an RFB connection (RFC 6143).
//
//event:kind vnc
type VNC struct {
	ServerVersion string `eve:"server_version"`
	ClientVersion string `eve:"client_version"`
	Security      string `eve:"security"` // none, vnc, tls ...
	Result        string `eve:"auth_result"`
}

// Mining is a message of a mining protocol: Stratum or JSON-RPC.
//
//event:kind mining
type Mining struct {
	Protocol  string `eve:"protocol"` // stratum, stratum2, getwork, getblocktemplate, ethproxy, xmrig
	Method    string `eve:"method"`
	Worker    string `eve:"worker"` // login or wallet, shortened
	Agent     string `eve:"agent"`
	Algorithm string `eve:"algorithm"`
	Transport string `eve:"transport"` // tcp, websocket, http
	Accepted  bool   `eve:"accepted"`
}

// P2P is the opening of a peer-to-peer protocol.
//
//event:kind p2p
type P2P struct {
	Protocol string `eve:"protocol"` // bittorrent, bittorrent-dht, bitcoin, ethereum
	Detail   string `eve:"detail"`
}

// SOCKS is a proxied connection request (RFC 1928; SOCKS 4; HTTP CONNECT).
//
//event:kind socks
type SOCKS struct {
	Version uint8  `eve:"version"`
	Command string `eve:"command"`
	Target  string `eve:"target"`
	Granted bool   `eve:"granted"`
	Auth    string `eve:"auth"`
}

// KRB5 is a Kerberos exchange (RFC 4120).
//
//event:kind krb5
type KRB5 struct {
	MsgType    string `eve:"msg_type"` // KRB_AS_REQ ...
	Client     string `eve:"cname"`
	Realm      string `eve:"realm"`
	Service    string `eve:"sname"`
	ErrorCode  string `eve:"error_code"`
	Encryption string `eve:"encryption"`
	Weak       bool   `eve:"weak_encryption"`
	PreAuth    bool   `eve:"preauth"`

	FailedRequest    string `eve:"failed_request"`    // of a KRB_ERROR: the request it answers
	TicketEncryption string `eve:"ticket_encryption"` // of the ticket in a reply
}

// SMB is an SMB1 or SMB2/3 command with its status (MS-SMB, MS-SMB2).
//
//event:kind smb
type SMB struct {
	Dialect   string `eve:"dialect"`
	Command   string `eve:"command"`
	Status    string `eve:"status"`
	StatusNum uint32 `eve:"-"`
	Filename  string `eve:"filename"`
	Share     string `eve:"share"`
	NamedPipe string `eve:"named_pipe"`
	User      string `eve:"user"`
	Domain    string `eve:"domain"`
	Host      string `eve:"host"`
	NativeOS  string `eve:"native_os"`
	NativeLM  string `eve:"native_lm"`
	Version   uint8  `eve:"version"` // 1, 2
	Written   uint64 `eve:"written"` // bytes of a WRITE
	Magic     string `eve:"magic"`   // what a WRITE's first bytes are
	Encrypted bool   `eve:"encrypted"`

	Disposition string `eve:"disposition"` // of a CREATE: FILE_OPEN, FILE_CREATE ...
	Access      string `eve:"access"`      // of a CREATE: normal, or delete on close
}

// DCERPC is a DCE/RPC bind or call (C706).
//
//event:kind dcerpc
type DCERPC struct {
	Request   string `eve:"request"` // BIND, REQUEST, ALTER_CONTEXT
	UUID      string `eve:"uuid"`
	Interface string `eve:"interface"` // svcctl, samr, drsuapi ...
	Opnum     uint16 `eve:"opnum"`
	Operation string `eve:"operation"`
	Endpoint  string `eve:"endpoint"` // pipe or port
	CallID    uint32 `eve:"call_id"`
	Fault     uint32 `eve:"fault"`
	StubLen   uint32 `eve:"stub_data_size"`
}
