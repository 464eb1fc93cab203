package filter

import (
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Prose of other languages: what ends their sentences, their small words, and
// that some have no spaces, is no reason to drop it.
var foreignProse = map[string]string{
	"de": "Die Gemeinde liegt am Rand eines Waldes, der im Winter oft wochenlang verschneit ist. Wer dort wohnt, kennt die Wege und weiß, wo das Eis trägt und wo nicht. Im Frühjahr kommen die ersten Gäste mit dem Zug, der zweimal am Tag hält.\n" +
		"Der Wirt erzählt ihnen gern von seinem Großvater, der das Haus gebaut hat. Manche bleiben nur eine Nacht, andere kehren jedes Jahr zurück. Abends sitzen alle um den Ofen und hören zu, wie der Regen auf das Dach fällt.",
	"ru": "Деревня стоит на берегу реки, которая весной разливается и заливает луга. Люди живут здесь давно и знают каждую тропу в лесу. Летом приезжают дети из города, купаются и собирают ягоды.\n" +
		"Старый мельник рассказывает им истории о своём отце. Вечером они сидят у костра и слушают, как шумит ветер. Осенью все уезжают, и в деревне снова становится тихо, пока не выпадет первый снег.",
	"ja": "村は川のほとりにあり、春になると水があふれて野原をおおう。人々は昔からここに住み、森の道をすべて知っている。夏には町から子どもたちが来て、泳いだり木の実を集めたりする。\n" +
		"年をとった粉屋は父親の話を子どもたちに聞かせる。夜になると皆は火のまわりにすわり、風の音に耳をかたむける。秋にはみな帰ってしまい、雪がふるまで村はまた静かになる。",
	"zh": "村子坐落在河边，春天河水上涨，淹没了草地。人们很久以前就住在这里，熟悉森林里的每一条小路。夏天，城里的孩子们来这里游泳，采摘浆果。\n" +
		"老磨坊主给他们讲父亲的故事。晚上大家围坐在火堆旁，听着风声。秋天所有人都离开了，村子又安静下来，直到第一场雪落下。",
}

func TestForeign(t *testing.T) {
	var quality QualityOptions
	quality.SetDefaults()
	var c4 C4Options
	c4.SetDefaults()
	q, err := NewQuality(quality)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewC4(c4)
	if err != nil {
		t.Fatal(err)
	}
	for language, text := range foreignProse {
		for _, step := range []document.Step{q.Worker(), c.Worker()} {
			var d document.Document
			d.Reset([]byte(text))
			d.Language = language
			if step.Apply(&d); d.Drop != nil || string(d.Text()) != text {
				t.Errorf("%s: %+v, %q", language, d.Drop, d.Text())
			}
			d.Reset([]byte(strings.ReplaceAll(text, "\n", "!\n"))) // of no known language: the rules as published
			d.Language, d.Drop = "", nil
			if step.Apply(&d); d.Drop == nil && step.Name() == qualityName {
				t.Errorf("%s: not dropped where the language is not known", language)
			}
		}
	}
	var blank document.Document
	blank.Reset([]byte(strings.ReplaceAll(foreignProse["ja"], "\n", "\n \n\n終わり...\n")))
	blank.Language = "ja"
	if c.Worker().Apply(&blank); string(blank.Text()) != foreignProse["ja"] {
		t.Errorf("lines that are no sentences: %+v, %q", blank.Drop, blank.Text())
	}
	quality.StopWords = []string{"oder", "aber"}
	if q, err = NewQuality(quality); err != nil {
		t.Fatal(err)
	}
	var d document.Document
	d.Reset([]byte(foreignProse["de"]))
	d.Language = "de"
	if q.Worker().Apply(&d); d.Drop == nil || d.Drop.Rule != "min_stop_words" {
		t.Errorf("own stop words: %+v", d.Drop)
	}
}
