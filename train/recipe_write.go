package train

import (
	"reflect"

	"github.com/goccy/go-yaml"
)

// YAML returns the recipe as a file that ParseRecipe reads to the same recipe:
// the keys whose values are not those that every recipe has by default.
func (r *Recipe) YAML() ([]byte, error) {
	all := reflect.ValueOf(r).Elem()
	plain, tuned := reflect.ValueOf(DefaultRecipe()).Elem(), reflect.ValueOf(FinetuneRecipe(r.Lora.Rank > 0)).Elem()
	return yaml.Marshal(writtenKeys(all, plain, tuned))
}

// writtenKeys lists the keys of a section that differ from one of two others.
func writtenKeys(v, a, b reflect.Value) yaml.MapSlice {
	var keys yaml.MapSlice
	for i := range v.NumField() {
		key, field := v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			if section := writtenKeys(field, a.Field(i), b.Field(i)); len(section) > 0 {
				keys = append(keys, yaml.MapItem{Key: key, Value: section})
			}
		case !same(field, a.Field(i)) || !same(field, b.Field(i)):
			keys = append(keys, yaml.MapItem{Key: key, Value: field.Interface()})
		}
	}
	return keys
}

func same(a, b reflect.Value) bool {
	return reflect.DeepEqual(a.Interface(), b.Interface())
}
