"""Names of countries that people use and CLDR does not, in English and in Russian.

CLDR has one name for each country and language ("Türkiye", "Соединенные Штаты"). What stands here
is not complete: it is what people are likely to write instead.
"""

from collections.abc import Mapping

COUNTRY_NAMES: Mapping[str, str] = {
    "AE": "UAE, Emirates, Эмираты, Объединённые Арабские Эмираты",
    "BA": "Bosnia, Босния",
    "BY": "Belorussia, Белоруссия, Республика Беларусь",
    "CD": "Congo, DR Congo, DRC, Конго, ДР Конго",
    "CF": "ЦАР",
    "CG": "Congo, Конго",
    "CI": "Ivory Coast, Берег Слоновой Кости",
    "CN": "PRC, КНР",
    "CV": "Cabo Verde, Острова Зелёного Мыса",
    "CZ": "Czech Republic, Чешская Республика",
    "DE": "Deutschland, ФРГ",
    "DO": "Доминикана",
    "GB": (
        "UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, "
        "Англия, Шотландия, Уэльс, Северная Ирландия, Соединённое Королевство, Британия"
    ),
    "HK": "Hong Kong, Гонконг",
    "IE": "Republic of Ireland, Eire",
    "KG": "Kirghizia, Кыргызстан",
    "KP": "DPRK, Северная Корея",
    "KR": "Korea, Republic of Korea, Корея, Южная Корея",
    "LK": "Ceylon, Цейлон",
    "MD": "Moldavia, Молдавия",
    "MK": "Macedonia, Македония",
    "MM": "Myanmar, Burma, Мьянма, Бирма",
    "MO": "Macao, Macau, Макао",
    "NL": "Holland, The Netherlands, Голландия",
    "PS": "Palestine, Палестина",
    "RU": "Russian Federation, РФ, Российская Федерация",
    "SC": "Сейшелы",
    "SZ": "Swaziland, Свазиленд",
    "TL": "East Timor, Тимор-Лесте",
    "TM": "Туркмения",
    "TR": "Turkey, Turkiye",
    "US": (
        "USA, US, America, United States of America, the States, "
        "США, Америка, Штаты, Соединённые Штаты Америки"
    ),
    "VA": "Vatican, Holy See",
    "VN": "Viet Nam",
    "ZA": "ЮАР, Южная Африка",
}
"""By ISO 3166 code: the names, with commas between them."""
