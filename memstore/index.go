package memstore

import (
	"cmp"
	"slices"
	"sort"
)

// chunkSize is how many records a chunk of a list holds at most. An insertion or removal moves at most so many pointers.
const chunkSize = 128

// record is a stored row with its place in the ordered lists. What row points to is never changed, only replaced: whoever has
// read the pointer under the lock may read the row without it.
type record[T any] struct {
	row *T
	id  string
	at  int64 // what rows of its kind are ordered by, in microseconds since 1970
	seq int64 // an event's Seq, which orders it within its collection
}

// position is a place between the records of a list: before or after the record with this key and ID, whether there is one or not.
type position struct {
	key int64 // microseconds since 1970, or an event's Seq
	id  string
}

// compare says whether p stands before (negative), at or after o.
func (p position) compare(o position) int {
	return cmp.Or(cmp.Compare(p.key, o.key), cmp.Compare(p.id, o.id))
}

// list holds records in order: by at and then ID, or by seq. The zero list is empty. New rows mostly go to its end, which costs the
// same however long it is; all else costs the logarithm of its length. A list of one, which is the most frequent, allocates nothing.
type list[T any] struct {
	n      int
	bySeq  bool
	one    [1]*record[T]  // the record while there is one at most
	chunks [][]*record[T] // all records, none of the chunks empty; nil while there is one at most
}

// compare says whether r stands before (negative), at or after p.
func (l *list[T]) compare(r *record[T], p position) int {
	if l.bySeq {
		return cmp.Compare(r.seq, p.key)
	}
	if c := cmp.Compare(r.at, p.key); c != 0 {
		return c
	}
	return cmp.Compare(r.id, p.id)
}

// position returns where r stands.
func (l *list[T]) position(r *record[T]) position {
	if l.bySeq {
		return position{key: r.seq}
	}
	return position{key: r.at, id: r.id}
}

// count returns how many chunks there are, and chunk the one with index c.
func (l *list[T]) count() int {
	if l.chunks == nil {
		return min(l.n, 1)
	}
	return len(l.chunks)
}

func (l *list[T]) chunk(c int) []*record[T] {
	if l.chunks == nil {
		return l.one[:l.n]
	}
	return l.chunks[c]
}

// search returns the place of the first record that does not stand before p: a chunk's index and one within it. Beyond the last
// record the chunk's index is count.
func (l *list[T]) search(p position) (c, i int) {
	c = sort.Search(l.count(), func(c int) bool {
		chunk := l.chunk(c)
		return l.compare(chunk[len(chunk)-1], p) >= 0
	})
	if c == l.count() {
		return c, 0
	}
	chunk := l.chunk(c)
	return c, sort.Search(len(chunk), func(i int) bool { return l.compare(chunk[i], p) >= 0 })
}

// insert puts r into its place.
func (l *list[T]) insert(r *record[T]) {
	l.n++
	if l.chunks == nil {
		if l.n == 1 {
			l.one[0] = r
			return
		}
		l.chunks = append(l.chunks, append(make([]*record[T], 0, 4), l.one[0]))
		l.one[0] = nil
	}
	end := len(l.chunks) - 1
	last := l.chunks[end]
	p := l.position(r)
	if l.compare(last[len(last)-1], p) < 0 { // the most frequent case: it is the newest
		if len(last) < chunkSize {
			l.chunks[end] = append(last, r)
		} else {
			l.chunks = append(l.chunks, append(make([]*record[T], 0, chunkSize), r))
		}
		return
	}
	c, i := l.search(p)
	if len(l.chunks[c]) == chunkSize {
		c, i = l.split(c, i)
	}
	l.chunks[c] = slices.Insert(l.chunks[c], i, r)
}

// split halves the full chunk c, and returns where its place i is now.
func (l *list[T]) split(c, i int) (int, int) {
	const half = chunkSize / 2
	left := l.chunks[c]
	right := append(make([]*record[T], 0, chunkSize), left[half:]...)
	clear(left[half:])
	l.chunks[c] = left[:half]
	l.chunks = slices.Insert(l.chunks, c+1, right)
	if i > half {
		return c + 1, i - half
	}
	return c, i
}

// remove takes r out, if it is there.
func (l *list[T]) remove(r *record[T]) {
	c, i := l.search(l.position(r))
	if c == l.count() || l.chunk(c)[i] != r {
		return
	}
	l.n--
	if l.chunks == nil {
		l.one[0] = nil
		return
	}
	l.chunks[c] = slices.Delete(l.chunks[c], i, i+1)
	if len(l.chunks[c]) == 0 {
		l.chunks = slices.Delete(l.chunks, c, c+1)
	}
	if len(l.chunks) == 0 {
		l.chunks = nil
	}
}

// first returns the oldest record, nil when there is none.
func (l *list[T]) first() *record[T] {
	if l.n == 0 {
		return nil
	}
	return l.chunk(0)[0]
}

// any reports whether keep is true of some record. It looks at all of them.
func (l *list[T]) any(keep func(*record[T]) bool) bool {
	for c := range l.count() {
		if slices.ContainsFunc(l.chunk(c), keep) {
			return true
		}
	}
	return false
}

// has reports whether a record stands at p.
func (l *list[T]) has(p position) bool {
	c, i := l.search(p)
	return c < l.count() && l.compare(l.chunk(c)[i], p) == 0
}

// ascend visits the records after p, in order, until visit returns false.
func (l *list[T]) ascend(p position, visit func(r *record[T]) bool) {
	c, i := l.search(p)
	for ; c < l.count(); c, i = c+1, 0 {
		for _, r := range l.chunk(c)[i:] {
			if l.compare(r, p) > 0 && !visit(r) {
				return
			}
		}
	}
}

// descend visits the records before p, in opposite order, until visit returns false.
func (l *list[T]) descend(p position, visit func(r *record[T]) bool) {
	c, i := l.search(p)
	for {
		for i--; i >= 0; i-- {
			if !visit(l.chunk(c)[i]) {
				return
			}
		}
		if c--; c < 0 {
			return
		}
		i = len(l.chunk(c))
	}
}
