package segment

// ObjectStore is where files are instead of a folder; see object store below.
type ObjectStore struct{}
type objectFiles struct {
	files
	store *ObjectStore
	dir   string
}
