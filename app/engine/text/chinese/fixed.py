"""Chinese words whose numerals count nothing and are never rewritten. Data only, as regular expressions."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


# Only words that a rule would otherwise rewrite are here: those with a number above ten, a run of three digits, or
# a small number before what looks like a unit, a month or a clock time. 三心二意, 五六个人, 一会儿, 九江 need no
# entry: a small number before an ordinary word stays as it is by policy, and 九九八十一 is no number at all.
FIXED_WORDS: dict[str, str] = {
    # 十分 is "very" (十分钟 and 十分之一 are not); 二百五 is a fool (二百五十 is not)
    "adverbs and such": r"(?<!满分)(?<!打了)十分(?![钟之]|[一二两三四五六七八九十]{1,2}点) 百分百 二百五(?![十块元斤米]) 一百八十度大转弯 百八十 一时三刻",
    "idioms and sayings": """
        七零八落 三六九等 十万火急 十万八千里 台上一分钟 台下十年功 九九八十一 三七二十一 七七四十九 一五一十 十八般武艺 十八层地狱 十八罗汉 十八相送
        女大十八变 五十步笑百步 三十六计 三十六策 三十六行 七十二行 三百六十行 七十二变 七十二般 三十年河东 三十年河西
        三十而立 四十不惑 四十而不惑 五十知天命 五十而知天命 六十耳顺 七十古来稀 三十功名 弱水三千 三千弱水
        三千烦恼丝 后宫三千 三千世界 三千宠爱 八千里路云和月 飞流直下三千尺 白发三千丈 两点一线 三点一线 三分钟热度 五分钟热度
        三秒钟热度 一分钱一分货 一元复始 十月怀胎 七月流火 六月飞雪 六月雪 阳春三月 烟花三月 三月不知肉味
        一点一点 一点一滴 一毛不拔 一秒入戏 一米阳光 一亩三分地 千儿八百 七老八十 五斗米 二十不惑 三十六般 九十九道弯 一千个读者 一千个哈姆雷特
        一万年太久 一百个不 一千个不 一万个不 一百二十个心 一百二十万分 零零散散 零零星星 零零碎碎 三三两两 五五开 半斤八两
        每一分一秒 一分一秒 九折八扣 一九二九不 三九四九冰 一二一齐步 说一千道一万 不怕一万 五百年前是一家 退一万步 一百个放心 一千个人眼
        """,
    "terms": """
        一元论 二元论 一元化 多元化 [一二三]元[一二三]次 [一二三]元函数 十二指肠 十二平均律 十四行诗 五十音 五十肩 三千米障碍
        十二生肖 十二时辰 十二门徒 十二使徒 二十四节气 二十四史 二十四孝 二十四桥 二十八宿 六十四卦 十三经 十六国 三维 二维 (?:正)?[一二三四五六七八九十]{1,3}面体 黄道十二宫
        """,
    "names of people, places, works and brands": """
        九州 山本五十六 江东六十四屯 [男女][一二三四]号 十九路军 云南十八怪 十月稻田 三十而已 [三头二末]伏 四月是你的谎言 十三陵 十三行 十三太保 十三香 十三妹 十七孔桥 五十铃 五十岚 五十弦 五百罗汉 一百单八将 一百零八将
        一百零八好汉 三十六天罡 七十二地煞 七十二贤 七十二家房客 四十二章经 唐诗三百首 宋词三百首 诗三百 一千零一夜 海底两万里 十万个为什么
        二十二条军规 三百六十五里路 三十三天 两万五千里长征 二万五千里长征 一千里马 三元里 三元桥 五元素 二月河 五月天(?!气)
        三月三(?![日号十]) 五月五(?![日号十]) 七月七(?![日号十]) 九月九(?![日号十]) 八月十五(?![日号]) 二月二(?![日号十]) 六月六(?![日号十])
        六月初 十月围城 四月物语 八月之光 路易十[三四五六八] 十里堡 十里河 十万大山 三十年战争 四十大盗 十二月党人 九十九佛 七十士译本
        """,
    # holidays, congresses and plans have names, not dates
    "institutions": """
        双十[一二] 国庆十一 十一国庆 大年三十 年三十晚上 年三十儿 三十晚上 [二三]?十[一二三四五六七八九]?届[一二三四五六七]中全会
        (?:党的)?(?:十[六七八九]|二十)大(?![小家约概多部批堂类强人洲型量的]) 十[一二三四五]五规划 [一二三]号(?:人物|首长|文件) [一二三四五六七八九十]{1,2}月革命 五月[茶艾花] 二十国集团
        """,
    # 负 that is no minus sign, and floors below the ground
    "not minus": "正负 胜负 欺负 辜负 抱负 自负 肩负 背负 担负 身负 不负 主负 负[一二三四]楼 负[一二三四]层",
}
# 星期三, 周二: a weekday is a name, and it ends before the clock time that follows it (周三十点 is Wednesday, 10).
WEEKDAY = (
    r"(?:星期|礼拜)[一二三四五六日天]"
    r"|(?<![每一两二三四五六七八九十几多])周[一二三四五六](?:(?![十百千万亿])|(?=百分之))"
    r"|(?<![每一两二三四五六七八九十几多])周[一二三四五六](?=十[一二]?点)"
)
# 九一八事变, 一二九运动: dates that became names
EVENT_AFTER = _words(
    "事变 事件 惨案 运动 起义 血案 纪念 抗战 战役 会议(?!室) 政变 减租 国际 宪章 声明 宣言 公报 谈话 学运 游行"
)
# years of a reign are written in Chinese numerals (光绪二十四年)
REIGNS = _words("""
    康熙 雍正 乾隆 嘉庆 道光 咸丰 同治 光绪 宣统 顺治 崇德 天命 天聪 洪武 建文 永乐 洪熙 宣德 正统 景泰 天顺 成化
    弘治 正德 嘉靖 隆庆 万历 泰昌 天启 崇祯 贞观 永徽 开元 天宝 建安 黄初 太和 元丰 熙宁 绍兴 淳熙 建炎 靖康 宣和
    政和 崇宁 至正 至元 元和 大历 贞元 会昌 大中 咸通 乾符 建元 元狩 元鼎 建武 永平 太康 永嘉 大业 开皇 武德 显庆
    仪凤 长安 神龙 景龙 乾元 庆历 嘉祐 治平 元祐 绍圣 乾道 嘉定 宝庆 淳祐 咸淳 延祐 泰定 天历 弘光 隆武 永历
    """)
