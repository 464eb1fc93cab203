"""Writes mojibake.jsonl: sentences, what misreading makes of them, and what ftfy
makes of that. Made with ftfy 6.3.1: python mojibake.py > mojibake.jsonl"""
import json
import ftfy

SENTENCES = {
    "en": ["It’s a “fine” day — isn’t it?", "The café costs £5 or €6, 20 °C outside…", "He said: “No.”"],
    "de": ["Der Fluss fließt über die Brücke, sagt der Müller.", "„Das macht Spaß“, rief er.", "Größe, Maß und Übel; Äpfel für Jürgen."],
    "fr": ["L’été, la forêt est très calme près du château.", "« Voilà », dit-il, « c’est le café ! »", "Où êtes-vous allés ? À la fenêtre."],
    "es": ["El niño comió piña mañana y tomó café.", "¿Qué pasó? ¡Nada más!", "Camión, corazón y lección."],
    "pt": ["A maçã não está na mão do João.", "AÇÃO, IRMÃ E MANHÃ", "Você já viu a estação às três?"],
    "it": ["Perché la città è così bella?", "È più facile di così, però.", "Già, sarà lunedì."],
    "pl": ["Zażółć gęślą jaźń, mówi ślimak.", "Łódź leży w środku kraju.", "Dziękuję, proszę bardzo."],
    "cs": ["Příliš žluťoučký kůň úpěl ďábelské ódy.", "Lišta je příliš dlouhá.", "Děkuji, není zač."],
    "sv": ["Åtta änder åt på ön.", "Räksmörgås är gott på sjön.", "Där går en älg över ån."],
    "tr": ["Pijamalı hasta yağız şoföre çabucak güvendi.", "Çok teşekkür ederim.", "Işık söndü."],
    "ru": ["Съешь ещё этих мягких французских булок.", "Привет, мир!", "Он сказал: «Нет»."],
    "el": ["Η γρήγορη αλεπού πηδά πάνω από το σκυλί.", "Καλημέρα κόσμε.", "Τι κάνεις;"],
    "ar": ["مرحبا بالعالم، كيف حالك؟", "القط يجلس على السجادة."],
    "hi": ["नमस्ते दुनिया, आप कैसे हैं?", "बिल्ली चटाई पर बैठी है।"],
    "zh": ["我能吞下玻璃而不伤身体。", "今天天气很好，我们去公园吧。"],
    "ja": ["いろはにほへと、散りぬるを。", "今日は良い天気です。"],
    "ko": ["다람쥐 헌 쳇바퀴에 타고파.", "오늘은 날씨가 좋습니다."],
    "vi": ["Con mèo ngồi trên chiếc chiếu.", "Hôm nay trời đẹp quá!"],
}


def windows(raw):
    """Windows-1252, with Latin-1 for the bytes that it does not have."""
    out = []
    for b in raw:
        try:
            out.append(bytes([b]).decode("cp1252"))
        except UnicodeDecodeError:
            out.append(chr(b))
    return "".join(out)


for language, sentences in SENTENCES.items():
    for s in sentences:
        raw = s.encode()
        once = windows(raw)
        for kind, text in [("clean", s), ("windows-1252", once), ("latin-1", raw.decode("latin-1")), ("twice", windows(once.encode()))]:
            print(json.dumps({"language": language, "kind": kind, "text": text, "right": s, "ftfy": ftfy.fix_encoding(text)}, ensure_ascii=False))
