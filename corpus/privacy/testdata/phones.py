"""Writes phones.tsv: the example numbers of every region that phonenumbers knows, as
region, sort, form, number."""
import phonenumbers
from phonenumbers import PhoneNumberFormat as Form
from phonenumbers import PhoneNumberType as Sort

with open("phones.tsv", "w") as out:
    out.write(f"# phonenumbers {phonenumbers.__version__}\n")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for sort, name in ((Sort.FIXED_LINE, "fixed"), (Sort.MOBILE, "mobile")):
            number = phonenumbers.example_number_for_type(region, sort)
            if number is None:
                continue
            for form, kind in ((Form.INTERNATIONAL, "international"), (Form.E164, "e164"), (Form.NATIONAL, "national")):
                out.write(f"{region}\t{name}\t{kind}\t{phonenumbers.format_number(number, form)}\n")
