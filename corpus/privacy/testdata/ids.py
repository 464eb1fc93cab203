"""Writes ids.tsv: random national ids that python-stdnum calls valid, one in each
line as kind, text around it, id; and neighbours that it calls invalid, as !kind."""
import random
import sys
from importlib import import_module

import stdnum

random.seed(5)
digits = "0123456789"
letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shape(pattern):
    return "".join(random.choice(digits if c == "9" else letters if c == "A" else c) for c in pattern)


kinds = {  # kind: module, compact patterns, written forms, words before
    "iban": ("iban", [], [], "Konto {}"),
    "us_ssn": ("us.ssn", ["999999999"], ["999-99-9999"], "SSN {}"),
    "de_tax": ("de.idnr", ["99999999999"], ["99 999 999 999"], "Steuer-ID {}"),
    "fr_nir": ("fr.nir", ["199059999999999", "299109999999999"], ["9 99 99 99 999 999 99"], "le {}"),
    "nl_bsn": ("nl.bsn", ["999999999"], [], "BSN {}"),
    "br_cpf": ("br.cpf", ["99999999999"], ["999.999.999-99"], "CPF {}"),
    "br_cnpj": ("br.cnpj", ["99999999999999"], ["99.999.999/9999-99"], "CNPJ: {}"),
    "in_aadhaar": ("in_.aadhaar", ["999999999999"], ["9999 9999 9999"], "Aadhaar no. {}"),
    "ca_sin": ("ca.sin", ["999999999"], ["999-999-999"], "my SIN {}"),
    "au_tfn": ("au.tfn", ["999999999"], ["999 999 999"], "TFN {}"),
    "pl_pesel": ("pl.pesel", ["99999999999"], [], "PESEL {}"),
    "cn_resident": ("cn.ric", ["11010120000101999X", "110101200001019999"], [], "no {}"),
    "kr_rrn": ("kr.rrn", ["9001019999999"], ["999999-9999999"], "RRN {}"),
    "se_number": ("se.personnummer", ["9001019999"], ["999999-9999"], "personnummer {}"),
    "be_nrn": ("be.nn", ["90010199999"], ["99.99.99-999.99"], "rijksregisternummer {}"),
    "ch_ahv": ("ch.ssn", ["7569999999999"], ["999.9999.9999.99"], "AHV {}"),
    "tr_number": ("tr.tckimlik", ["99999999999"], [], "T.C. Kimlik No {}"),
    "pt_nif": ("pt.nif", ["999999999"], [], "NIF {}"),
    "no_number": ("no.fodselsnummer", ["01019099999"], [], "fødselsnummer {}"),
    "za_id": ("za.idnr", ["9001019999089"], [], "ID number {}"),
    "es_dni": ("es.dni", ["99999999A"], [], "DNI {}"),
    "it_fiscal": ("it.codicefiscale", ["AAAAAA99A01A999A"], [], "il {}"),
    "mx_curp": ("mx.curp", ["AAAA900101HDFAAA09"], [], "clave {}"),
    "card": ("luhn", ["4999999999999999", "5199999999999999", "349999999999999"], ["9999 9999 9999 9999"], "paid with {}"),
}


def written(compact, form):
    if sum(c in "9A" for c in form) != len(compact):
        return None
    it = iter(compact)
    return "".join(next(it) if c in "9A" else c for c in form)


out = open("ids.tsv", "w")
out.write(f"# python-stdnum {stdnum.__version__}\n")
for kind, (name, patterns, forms, around) in kinds.items():
    module = import_module("stdnum." + name)
    valid, tries = [], 0
    if kind == "iban":
        for country, size in (("DE", 22), ("NL", 18), ("GB", 22), ("FR", 27), ("ES", 24), ("PL", 28), ("NO", 15), ("BE", 16)):
            for _ in range(3):
                while True:
                    body = {"NL": "ABNA", "GB": "NWBK"}.get(country, "") + "".join(random.choice(digits) for _ in range(size))
                    body = body[: size - 4]
                    text = country + module.calc_check_digits(country + "00" + body) + body
                    if module.is_valid(text, check_country=False):
                        break
                valid.append(text)
    while kind != "iban" and len(valid) < 20 and tries < 4_000_000:
        tries += 1
        text = shape(random.choice(patterns))
        if module.is_valid(text):
            valid.append(text)
    print(kind, len(valid), tries, file=sys.stderr)
    for text in valid:
        shown = [text] + [w for w in (written(text, f) for f in forms) if w]
        if kind == "iban":
            shown.append(" ".join(text[i : i + 4] for i in range(0, len(text), 4)))
        for s in shown:
            out.write(f"{kind}\t{around}\t{s}\n")
        for _ in range(2):
            i = random.randrange(2, len(text) - 1)
            other = text[:i] + random.choice(digits if text[i] in digits else letters) + text[i + 1 :]
            if not (module.is_valid(other, check_country=False) if kind == "iban" else module.is_valid(other)):
                out.write(f"!{kind}\t{around}\t{other}\n")
out.close()
