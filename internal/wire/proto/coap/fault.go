package coap

// Fault is a breach of the standard. Faults are values of this package and
// are compared by identity; Name is stable and goes into facts and findings.
type Fault struct {
	Name string
	// Code is what a server answers a request with. Empty stands for a message
	// format error, which a confirmable message is answered by a reset for and
	// any other is dropped (RFC 7252 section 4.2, 4.3).
	Code Code
	text string
}

func (f *Fault) Error() string { return "coap: " + f.text }

// The faults, with the sections of RFC 7252 unless another one is named.
var (
	ErrHeader        = &Fault{"header_truncated", Empty, "the message is shorter than its header"}                  // 3
	ErrVersion       = &Fault{"version", Empty, "the version is not 1"}                                             // 3
	ErrTokenLength   = &Fault{"token_length", Empty, "the token length is reserved"}                                // 3
	ErrToken         = &Fault{"token_truncated", Empty, "the token runs past the end of the message"}               // 3
	ErrEmpty         = &Fault{"empty_not_empty", Empty, "bytes follow the message identifier of an empty message"}  // 4.1
	ErrClass         = &Fault{"code_class", Empty, "the code is of a reserved class"}                               // 4.2, 12.1
	ErrTypeCode      = &Fault{"type_code", Empty, "a message of this type cannot have this code"}                   // 4.2, 4.3, table 1
	ErrDelta         = &Fault{"option_delta", Empty, "an option delta is reserved"}                                 // 3.1
	ErrLength        = &Fault{"option_length_reserved", Empty, "an option length is reserved"}                      // 3.1
	ErrOption        = &Fault{"option_truncated", Empty, "an option runs past the end of the message"}              // 3.1
	ErrNumber        = &Fault{"option_number", Empty, "an option number is above 65,535"}                           // 3.1
	ErrMarker        = &Fault{"payload_marker", Empty, "a payload marker stands before no payload"}                 // 3
	ErrOptionLength  = &Fault{"option_length", BadOption, "the length of an option is out of range"}                // 5.4.3
	ErrOptionTwice   = &Fault{"option_repeated", BadOption, "an option comes twice that may come once"}             // 5.4.5
	ErrOptionUTF8    = &Fault{"option_utf8", BadOption, "a string option is not well-formed UTF-8"}                 // 3.2
	ErrDotSegment    = &Fault{"path_dot_segment", BadOption, "a path segment is . or .."}                           // 5.10.1
	ErrHopLimit      = &Fault{"hop_limit", BadRequest, "the hop limit is zero"}                                     // RFC 8768 section 3
	ErrBlockSize     = &Fault{"block_size", BadRequest, "the block size is reserved"}                               // RFC 7959 section 2.2
	ErrTooLarge      = &Fault{"message_too_large", Empty, "the message is larger than this receiver takes"}         // RFC 8323 section 5.3.1
	ErrNoCSM         = &Fault{"csm_missing", Empty, "the first message of a connection is not a CSM"}               // RFC 8323 section 5.3
	ErrTokenMismatch = &Fault{"token_mismatch", Empty, "an acknowledgement carries another token than its request"} // 5.3.2
)
