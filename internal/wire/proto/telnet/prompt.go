package telnet

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// prompt is what the server waits for at the end of an unfinished line.
type prompt uint8

const (
	noPrompt       prompt = iota
	userPrompt            // a user name
	passwordPrompt        // a password
	shellPrompt           // a command
	otherPrompt           // something else that ends in a colon or question mark
)

// maxPrompt is how long a prompt may be.
const maxPrompt = 100

// The words that ask for a user name or a password, in lower case. Those of
// scripts with two cases are there in both, since only ASCII is folded.
var (
	userWords = []string{
		"login", "username", "user name", "user", "user id", "userid", "login name", "login id", "logon",
		"login as", "account", "account name", "name", "operator", "administrator name",
		"benutzername", "benutzer", "anmeldename", "anmeldung", "kennung",
		"nom d'utilisateur", "utilisateur", "identifiant", "nom de compte", "compte",
		"nombre de usuario", "usuario", "nombre", "cuenta",
		"nome utente", "utente", "nome de usuário", "usuário", "utilizador", "conta",
		"gebruikersnaam", "gebruiker", "användarnamn", "användare", "brugernavn", "bruger", "brukernavn", "bruker",
		"käyttäjätunnus", "käyttäjä", "nazwa użytkownika", "użytkownik", "uživatelské jméno", "uživatel", "jméno",
		"felhasználónév", "felhasználó", "utilizator", "nume utilizator", "korisničko ime", "korisnik",
		"kullanıcı adı", "kullanıcı", "όνομα χρήστη", "χρήστης",
		"логин", "Логин", "пользователь", "Пользователь", "имя пользователя", "Имя пользователя", "имя", "Имя",
		"користувач", "Користувач", "ім'я користувача",
		"用户名", "用户", "账号", "帐号", "账户", "登录", "登录名", "使用者名稱", "使用者", "帳號", "登入",
		"ユーザー名", "ユーザ名", "ユーザー", "ログイン", "ログイン名",
		"사용자", "사용자 이름", "사용자명", "아이디", "로그인",
		"tên đăng nhập", "tên người dùng", "tài khoản", "nama pengguna", "pengguna", "ชื่อผู้ใช้",
	}
	passwordWords = []string{
		"password", "passwd", "passcode", "passphrase", "passwort", "kennwort", "losungswort",
		"mot de passe", "contraseña", "contrasena", "clave", "senha", "palavra-passe", "palavra passe",
		"wachtwoord", "lösenord", "adgangskode", "kodeord", "passord", "salasana", "hasło", "haslo",
		"heslo", "jelszó", "jelszo", "parola", "parolă", "lozinka", "geslo", "şifre", "sifre", "κωδικός",
		"пароль", "Пароль", "ПАРОЛЬ", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호",
		"mật khẩu", "kata sandi", "sandi", "รหัสผ่าน",
	}
	// passwordTails count only as the last word: they are short and would be
	// found inside others.
	passwordTails = []string{"pass", "pwd", "pin", "pw", "secret"}
)

// classify says what the unfinished line asks for.
func classify(line []byte) prompt {
	line = textline.TrimSpace(line)
	if len(line) == 0 || len(line) > maxPrompt {
		return noPrompt
	}
	text, mark := cutMark(line)
	switch mark {
	case ':', '?':
		return classifyQuestion(text)
	case '>':
		if endsWithWord(text, "username", "user name", "login") {
			return userPrompt
		}
		if endsWithWord(text, "password") {
			return passwordPrompt
		}
	}
	if isShell(line) {
		return shellPrompt
	}
	return noPrompt
}

// bareWord says what a line asks for that has no sign at its end. It counts
// only once the client types: till then the sign may follow.
func bareWord(line []byte) prompt {
	line = textline.TrimSpace(line)
	switch {
	case len(line) > 24:
	case endsWithWord(line, "password"):
		return passwordPrompt
	case textline.Is(line, "login"), textline.Is(line, "username"), textline.Is(line, "user name"):
		return userPrompt
	}
	return noPrompt
}

// cutMark takes the sign that ends a prompt off it. The full-width colon of
// CJK text counts as a colon.
func cutMark(line []byte) (text []byte, mark byte) {
	if t, ok := bytes.CutSuffix(line, []byte("：")); ok {
		return textline.TrimSpace(t), ':'
	}
	last := len(line) - 1
	return textline.TrimSpace(line[:last]), line[last]
}

func classifyQuestion(text []byte) prompt {
	if len(text) == 0 {
		return otherPrompt
	}
	if textline.HasPrefix(text, "last ") || textline.Index(text, " last ") >= 0 {
		return noPrompt // "Last login: ..." cut in the middle
	}
	for _, w := range passwordWords {
		if textline.Index(text, w) >= 0 {
			return passwordPrompt
		}
	}
	if endsWithWord(text, passwordTails...) {
		return passwordPrompt
	}
	if endsWithWord(text, userWords...) {
		return userPrompt
	}
	// "Enter user name (max 16):", "Username (admin):"
	if i := bytes.LastIndexAny(text, "([<"); i > 0 && endsWithWord(textline.TrimSpace(text[:i]), userWords...) {
		return userPrompt
	}
	return otherPrompt
}

// endsWithWord reports whether text ends with one of the words, not with the
// end of a longer one.
func endsWithWord(text []byte, words ...string) bool {
	for _, w := range words {
		i := len(text) - len(w)
		if i < 0 || !textline.HasPrefix(text[i:], w) {
			continue
		}
		if i == 0 || w[0] >= 0x80 || !isWordByte(text[i-1]) {
			return true
		}
	}
	return false
}

func isWordByte(c byte) bool {
	c = textline.Lower(c)
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// isShell reports whether a trimmed line ends as the prompts of command
// interpreters do. Rulers, percentages and tags do too, and are left out.
func isShell(line []byte) bool {
	last := line[len(line)-1]
	if last == ']' { // VRP: [Quidway-ui-vty0]
		return line[0] == '[' && len(line) > 2 && bytes.IndexByte(line, ' ') < 0
	}
	if last != '#' && last != '$' && last != '>' && last != '%' {
		return false
	}
	if len(line) == 1 {
		return last != '%' // which begins the error messages of IOS
	}
	prev := line[len(line)-2]
	if prev == last {
		return false
	}
	if prev == '-' || prev == '=' { // "->" and "{admin}=>" are prompts, longer arrows are not
		return last == '>' && (len(line) == 2 || line[len(line)-3] != prev)
	}
	if last == '%' && prev >= '0' && prev <= '9' {
		return false
	}
	if last == '>' && (prev == '/' || line[0] == '<' && (line[1] == '/' || bytes.ContainsAny(line, " =\""))) {
		return false
	}
	return textline.Printable(line)
}

// The words by which servers refuse or welcome, in lower case.
var (
	failureWords = []string{
		"incorrect", "failed", "failure", "invalid", "denied", "bad password", "bad passwd", "bad user", "bad login",
		"bad secrets", "wrong", "mismatch", "not match", "unknown user", "no such user", "not found", "login error",
		"try again", "not allowed", "not authorized", "unauthorized", "locked", "rejected", "too many",
		"falsch", "ungültig", "fehlgeschlagen", "fehlerhaft", "incorrecto", "incorrecta", "inválid", "incorreta",
		"erreur", "échou", "refusé", "errato", "errata", "non valid", "fallito", "onjuist", "mislukt", "ongeldig",
		"felaktig", "misslyckad", "nieprawidłow", "niepoprawn", "błędn", "nesprávn", "chybn", "hibás", "greșit",
		"hatalı", "yanlış", "λάθος", "неверн", "Неверн", "неправильн", "Неправильн", "ошибка", "Ошибка",
		"错误", "失败", "錯誤", "失敗", "不正确", "不正確", "間違", "正しくありません", "잘못", "실패", "sai mật khẩu",
	}
	successWords = []string{
		"last login", "welcome", "busybox v", "logged in", "login successful", "successful", "built-in shell",
		"willkommen", "bienvenue", "bienvenid", "benvenut", "bem-vindo", "welkom", "добро пожаловать", "Добро пожаловать", "欢迎", "歡迎", "ようこそ",
	}
)

// verdict reads a line that came after a password: -1 when it refuses, 1 when
// it welcomes, 0 when it says neither.
func verdict(line []byte) int {
	if len(line) == 0 || len(line) > 160 {
		return 0
	}
	// What was before is not about now: "Last failed login: ...".
	if textline.HasPrefix(line, "last ") || textline.Index(line, "since the last") >= 0 {
		return 1
	}
	for _, w := range failureWords {
		if textline.Index(line, w) >= 0 {
			return -1
		}
	}
	for _, w := range successWords {
		if textline.Index(line, w) >= 0 {
			return 1
		}
	}
	return 0
}

// hostOf gives the host name in a prompt of getty: "camera-3 login:".
func hostOf(line []byte) []byte {
	i := textline.Index(line, " login:")
	if i < 0 {
		return nil
	}
	name := textline.TrimSpace(line[:i])
	if len(name) == 0 || len(name) > 63 || name[0] == '(' {
		return nil
	}
	for _, c := range name {
		if !isWordByte(c) && c != '-' && c != '.' {
			return nil
		}
	}
	for _, w := range [...]string{"please", "user", "enter", "the", "your", "admin", "last", "remote", "local", "telnet", "console", "system", "device", "web"} {
		if textline.Is(name, w) {
			return nil
		}
	}
	return name
}
