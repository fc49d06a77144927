package hub

// recent keeps the values of the keys that were used last, at most a number.
type recent[K comparable, V any] struct {
	limit int
	turn  uint64
	m     map[K]*recentEntry[V]
}

type recentEntry[V any] struct {
	value V
	used  uint64
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, m: map[K]*recentEntry[V]{}}
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	e := r.m[k]
	if e == nil {
		return v, false
	}
	r.turn++
	e.used = r.turn
	return e.value, true
}

func (r *recent[K, V]) put(k K, v V) {
	if len(r.m) >= r.limit {
		var oldest K
		least := ^uint64(0)
		for k, e := range r.m {
			if e.used < least {
				oldest, least = k, e.used
			}
		}
		delete(r.m, oldest)
	}
	r.turn++
	r.m[k] = &recentEntry[V]{v, r.turn}
}
