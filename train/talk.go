package train

import (
	"fmt"
	"slices"
)

// talk is a list of files of conversations that becomes one set of shards, in rows
// of a length.
type talk struct {
	files    Files
	sequence int
	key      string // of the recipe, which names the files first
	dir      string // of the shards, below the run's directory
}

// talks are the conversations of a recipe: those of its data first, then those that
// only stages read. The same files in rows as long are one set.
func (r *Recipe) talks() (list []talk) {
	add := func(files Files, sequence int, key string) {
		same := func(t talk) bool { return t.sequence == sequence && slices.Equal(t.files, files) }
		if len(files) > 0 && !slices.ContainsFunc(list, same) {
			dir := dataDir
			if len(list) > 0 || len(r.Data.Conversations) == 0 {
				dir = fmt.Sprintf("%s-%d", dataDir, len(list)+1)
			}
			list = append(list, talk{files, sequence, key, dir})
		}
	}
	add(r.Data.Conversations, r.Batch.Sequence, "data.conversations")
	for i := range r.Stages {
		for k, from := range r.reads(i) {
			key := "data.conversations"
			if len(r.Stages[i].Data) > 0 {
				key = fmt.Sprintf("stages[%d].data[%d].conversations", i, k)
			}
			add(from.Conversations, r.batchOf(i).Sequence, key)
		}
	}
	return list
}

// talkDir is the directory, below the run's, of the shards that are made of files.
func (r *Recipe) talkDir(files Files, sequence int) string {
	list := r.talks()
	at := slices.IndexFunc(list, func(t talk) bool { return t.sequence == sequence && slices.Equal(t.files, files) })
	return list[at].dir
}
