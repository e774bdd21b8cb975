//! Owns the words: what each piece of a call says, made of whitelisted fields only. The project has no field, so it cannot be named.
//!
//! Each word stands as it is written and as it is read (Pinyin with tones), because the built-in voice reads characters wrongly;
//! and with the name of the file that a site may have recorded for it. Digits stand as characters: models leave them out;
//! and a key stands after a comma, or 按一 runs together as a-ni.

use crate::phone::dialogue::Piece;
use crate::room::Notice;
use pinyin::ToPinyin;

/// A word or sentence that is said in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Its file among a site's recordings, without `.wav`.
    pub(super) file: String,
    /// In characters.
    pub(super) characters: String,
    /// In Pinyin, tones as numbers.
    pub(super) pinyin: String,
}

fn fixed(file: &str, characters: &str, pinyin: &str) -> Phrase {
    Phrase {
        file: file.to_owned(),
        characters: characters.to_owned(),
        pinyin: pinyin.to_owned(),
    }
}

/// What a piece says.
pub(super) fn phrases(piece: Piece, notice: &Notice) -> Vec<Phrase> {
    match piece {
        Piece::Notice => {
            let mut all = vec![fixed(
                "greeting",
                "您好，这里是评标专家自动语音通知。",
                "nin2 hao3, zhe4 li3 shi4 ping2 biao1 zhuan1 jia1 zi4 dong4 yu3 yin1 tong1 zhi1.",
            )];
            all.extend(content(notice));
            all
        }
        Piece::NoticeAgain => {
            let mut all = vec![fixed(
                "no-key",
                "没有收到有效按键。",
                "mei2 you3 shou1 dao4 you3 xiao4 an4 jian4.",
            )];
            all.extend(content(notice));
            all
        }
        Piece::ConfirmAttends => vec![fixed(
            "confirm-attends",
            "您选择了参加。确认参加，请再按，一。重新选择，请按星号键。",
            "nin2 xuan3 ze2 le5 can1 jia1. que4 ren4 can1 jia1, qing3 zai4 an4 yi1. chong2 xin1 xuan3 ze2, qing3 an4 xing1 hao4 jian4.",
        )],
        Piece::ConfirmDeclines => vec![fixed(
            "confirm-declines",
            "您选择了不参加。确认不参加，请再按，二。重新选择，请按星号键。",
            "nin2 xuan3 ze2 le5 bu4 can1 jia1. que4 ren4 bu4 can1 jia1, qing3 zai4 an4 er4. chong2 xin1 xuan3 ze2, qing3 an4 xing1 hao4 jian4.",
        )],
        Piece::ThanksAttends => vec![fixed(
            "thanks-attends",
            "已确认您参加。请携带身份证按时到场。谢谢，再见。",
            "yi3 que4 ren4 nin2 can1 jia1. qing3 xie2 dai4 shen1 fen4 zheng4 an4 shi2 dao4 chang3. xie4 xie5, zai4 jian4.",
        )],
        Piece::ThanksDeclines => vec![fixed(
            "thanks-declines",
            "已确认您不参加。谢谢，再见。",
            "yi3 que4 ren4 nin2 bu4 can1 jia1. xie4 xie5, zai4 jian4.",
        )],
        Piece::Goodbye => vec![fixed(
            "goodbye",
            "没有收到您的确认。再见。",
            "mei2 you3 shou1 dao4 nin2 de5 que4 ren4. zai4 jian4.",
        )],
        Piece::Released => vec![fixed(
            "released",
            "您好，评标专家人数已满，本次无需您到场。谢谢，再见。",
            "nin2 hao3, ping2 biao1 zhuan1 jia1 ren2 shu4 yi3 man3, ben3 ci4 wu2 xu1 nin2 dao4 chang3. xie4 xie5, zai4 jian4.",
        )],
        Piece::Sorry => vec![fixed(
            "sorry",
            "对不起，系统未能记录您的选择，稍后将再次呼叫。再见。",
            "dui4 bu4 qi3, xi4 tong3 wei4 neng2 ji4 lu4 nin2 de5 xuan3 ze2, shao1 hou4 jiang1 zai4 ci4 hu1 jiao4. zai4 jian4.",
        )],
        Piece::CallBack => {
            let mut all = vec![fixed(
                "call-back",
                "您好，这里是评标专家自动语音通知。您已确认参加评标，时间是",
                "nin2 hao3, zhe4 li3 shi4 ping2 biao1 zhuan1 jia1 zi4 dong4 yu3 yin1 tong1 zhi1. nin2 yi3 que4 ren4 can1 jia1 ping2 biao1, shi2 jian1 shi4",
            )];
            all.extend(moment(notice));
            all.push(fixed(
                "call-back-keys",
                "如需请假，请按，九。不请假，请挂机。",
                "ru2 xu1 qing3 jia4, qing3 an4 jiu3. bu4 qing3 jia4, qing3 gua4 ji1.",
            ));
            all
        }
        Piece::ConfirmWithdraws => vec![fixed(
            "confirm-withdraws",
            "您选择了请假。确认请假，请再按，九。不请假，请挂机。",
            "nin2 xuan3 ze2 le5 qing3 jia4. que4 ren4 qing3 jia4, qing3 zai4 an4 jiu3. bu4 qing3 jia4, qing3 gua4 ji1.",
        )],
        Piece::ThanksWithdraws => vec![fixed(
            "thanks-withdraws",
            "已登记您的请假。谢谢，再见。",
            "yi3 deng1 ji4 nin2 de5 qing3 jia4. xie4 xie5, zai4 jian4.",
        )],
        Piece::NotWithdrawn => vec![fixed(
            "not-withdrawn",
            "对不起，未能登记您的请假，请联系评标现场。再见。",
            "dui4 bu4 qi3, wei4 neng2 deng1 ji4 nin2 de5 qing3 jia4, qing3 lian2 xi4 ping2 biao1 xian4 chang3. zai4 jian4.",
        )],
        Piece::KeepsPlace => vec![fixed(
            "keeps-place",
            "没有收到您的请假，您的参加确认仍然有效。再见。",
            "mei2 you3 shou1 dao4 nin2 de5 qing3 jia4, nin2 de5 can1 jia1 que4 ren4 reng2 ran2 you3 xiao4. zai4 jian4.",
        )],
        Piece::NoCalls => no_calls(),
    }
}

/// What strangers hear: nothing of what the line is for.
pub(super) fn no_calls() -> Vec<Phrase> {
    vec![fixed(
        "no-calls",
        "您好，本线路不接听来电。再见。",
        "nin2 hao3, ben3 xian4 lu4 bu4 jie1 ting1 lai2 dian4. zai4 jian4.",
    )]
}

/// Place, time, duration, and the keys.
fn content(notice: &Notice) -> Vec<Phrase> {
    let mut all = vec![fixed("place", "请您于", "qing3 nin2 yu2")];
    all.extend(moment(notice));
    all.push(fixed("to", "到", "dao4"));
    all.push(venue(&notice.venue));
    all.push(fixed("takes-part", "参加评标。", "can1 jia1 ping2 biao1."));
    all.push(fixed("takes", "预计用时", "yu4 ji4 yong4 shi2"));
    let minutes = u32::try_from(notice.expected.0 / 60_000).unwrap_or(u32::MAX);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    if hours > 0 {
        all.push(number_of(hours));
        all.push(fixed("hours", "小时", "xiao3 shi2"));
    }
    if minutes > 0 || hours == 0 {
        all.push(number(minutes));
        all.push(fixed("minutes", "分钟", "fen1 zhong1"));
    }
    all.push(fixed("stop", "。", "."));
    if notice.overnight {
        all.push(fixed(
            "overnight",
            "可能需要隔夜评标，请做好准备。",
            "ke3 neng2 xu1 yao4 ge2 ye4 ping2 biao1, qing3 zuo4 hao3 zhun3 bei4.",
        ));
    }
    if let Some(phone) = &notice.terminal_phone {
        all.push(fixed(
            "questions",
            "如有疑问，请拨打",
            "ru2 you3 yi2 wen4, qing3 bo1 da3",
        ));
        all.extend(phone.chars().filter_map(digit));
        all.push(fixed("stop", "。", "."));
    }
    all.push(fixed(
        "keys",
        "参加请按，一，不参加请按，二，重复收听请按星号键。",
        "can1 jia1 qing3 an4 yi1, bu4 can1 jia1 qing3 an4 er4, chong2 fu4 shou1 ting1 qing3 an4 xing1 hao4 jian4.",
    ));
    all
}

/// The same in writing, for a text message.
pub(in crate::phone) fn written(notice: &Notice) -> String {
    let Local {
        month,
        day,
        hour,
        minute,
    } = local(notice);
    let minutes = notice.expected.0 / 60_000;
    let expected = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}分钟"),
        (hours, 0) => format!("{hours}小时"),
        (hours, minutes) => format!("{hours}小时{minutes}分钟"),
    };
    let overnight = if notice.overnight {
        "，可能需要隔夜"
    } else {
        ""
    };
    let questions = notice
        .terminal_phone
        .as_ref()
        .map_or(String::new(), |phone| format!("如有疑问，请拨打{phone}。"));
    format!(
        "您已确认参加评标。时间：{month}月{day}日{hour}:{minute:02}。地点：{}。预计用时{expected}{overnight}。请携带身份证按时到场。{questions}",
        notice.venue
    )
}

/// Day and time of the start.
fn moment(notice: &Notice) -> Vec<Phrase> {
    let local = local(notice);
    let mut all = vec![
        number(local.month),
        fixed("month", "月", "yue4"),
        number(local.day),
        fixed("day", "日，", "ri4,"),
        part_of_day(local.hour),
        number(match local.hour {
            0..=12 => local.hour,
            _ => local.hour - 12,
        }),
        fixed("hour", "点", "dian3"),
    ];
    match local.minute {
        0 => all.push(fixed("oclock", "整，", "zheng3,")),
        minute => {
            all.push(number(minute));
            all.push(fixed("minute", "分，", "fen1,"));
        }
    }
    all
}

/// When it begins, in local time.
struct Local {
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
}

fn local(notice: &Notice) -> Local {
    let seconds = notice.start.0.div_euclid(1_000) + i64::from(notice.utc_offset);
    let time =
        jiff::Timestamp::from_second(seconds).map(|t| jiff::tz::TimeZone::UTC.to_datetime(t));
    let time = time.unwrap_or_default();
    let of = |number: i8| u32::from(number.unsigned_abs());
    Local {
        month: of(time.month()),
        day: of(time.day()),
        hour: of(time.hour()),
        minute: of(time.minute()),
    }
}

fn part_of_day(hour: u32) -> Phrase {
    match hour {
        0..=5 => fixed("early", "凌晨", "ling2 chen2"),
        6..=11 => fixed("morning", "上午", "shang4 wu3"),
        12 => fixed("noon", "中午", "zhong1 wu3"),
        13..=18 => fixed("afternoon", "下午", "xia4 wu3"),
        _ => fixed("evening", "晚上", "wan3 shang5"),
    }
}

const DIGITS: [(&str, &str); 10] = [
    ("零", "ling2"),
    ("一", "yi1"),
    ("二", "er4"),
    ("三", "san1"),
    ("四", "si4"),
    ("五", "wu3"),
    ("六", "liu4"),
    ("七", "qi1"),
    ("八", "ba1"),
    ("九", "jiu3"),
];

/// A number below 100, as it is counted.
fn number(number: u32) -> Phrase {
    let of = |n: u32| DIGITS[usize::try_from(n % 10).unwrap_or(0)];
    let (tens, ones) = (number / 10 % 10, number % 10);
    let mut words = Vec::new();
    if tens > 1 {
        words.push(of(tens));
    }
    if tens > 0 {
        words.push(("十", "shi2"));
    }
    if ones > 0 || tens == 0 {
        words.push(of(ones));
    }
    let (characters, pinyin): (Vec<_>, Vec<_>) = words.into_iter().unzip();
    fixed(
        &format!("number-{}", number % 100),
        &characters.concat(),
        &pinyin.join(" "),
    )
}

/// Hours: 两小时, not 二小时.
fn number_of(hours: u32) -> Phrase {
    match hours {
        2 => fixed("number-two-of", "两", "liang3"),
        other => number(other),
    }
}

/// A digit of a phone: 幺, not 一, so that it is not taken for 七.
fn digit(c: char) -> Option<Phrase> {
    let n = usize::try_from(c.to_digit(10)?).ok()?;
    let (characters, pinyin) = if n == 1 { ("幺", "yao1") } else { DIGITS[n] };
    Some(fixed(&format!("digit-{n}"), characters, pinyin))
}

/// Digits as they are said: 12 as 十二, 301 as 三零一.
fn in_characters(name: &str) -> String {
    let mut said = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (part, after) = rest.split_at(digits.max(first.len_utf8()));
        match part.parse::<u32>() {
            Ok(n) if digits < 3 && first != '0' => said.push_str(&number(n).characters),
            Ok(_) | Err(_) => said.extend(part.chars().map(|c| match c.to_digit(10) {
                Some(n) => number(n).characters,
                None => c.to_string(),
            })),
        }
        rest = after;
    }
    said
}

fn venue(name: &str) -> Phrase {
    let name = in_characters(name);
    // what has no reading is said as it is: letters, digits
    let syllables = name.chars().map(|c| match c.to_pinyin() {
        Some(syllable) => format!("{} ", syllable.with_tone_num_end()),
        None => c.to_string(),
    });
    let pinyin: String = syllables.collect();
    Phrase {
        file: "venue".to_owned(),
        characters: format!("{name}，"),
        pinyin: format!("{},", pinyin.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{Span, Utc};

    fn notice() -> Notice {
        Notice {
            venue: "保山市公共资源交易中心评标一室".to_owned(),
            // 2026-11-27 01:05 UTC
            start: Utc(1_795_741_500_000),
            utc_offset: 8 * 3_600,
            expected: Span::minutes(150),
            overnight: true,
            terminal_phone: Some("08752123".to_owned()),
        }
    }

    fn said(piece: Piece, notice: &Notice) -> String {
        phrases(piece, notice)
            .into_iter()
            .map(|p| p.characters)
            .collect()
    }

    #[test]
    fn the_notice_says_place_time_and_duration() {
        assert_eq!(
            said(Piece::Notice, &notice()),
            "您好，这里是评标专家自动语音通知。请您于十一月二十七日，上午九点五分，到保山市公共资源交易中心评标一室，参加评标。\
             预计用时两小时三十分钟。可能需要隔夜评标，请做好准备。如有疑问，请拨打零八七五二幺二三。\
             参加请按，一，不参加请按，二，重复收听请按星号键。"
        );
    }

    #[test]
    fn strangers_hear_nothing_of_what_the_line_is_for() {
        let words = said(Piece::NoCalls, &notice());
        assert_eq!(words, "您好，本线路不接听来电。再见。");
        assert_eq!(
            said(Piece::CallBack, &notice()),
            "您好，这里是评标专家自动语音通知。您已确认参加评标，时间是十一月二十七日，上午九点五分，如需请假，请按，九。不请假，请挂机。"
        );
    }

    #[test]
    fn a_text_message_says_what_the_notice_says() {
        assert_eq!(
            written(&notice()),
            "您已确认参加评标。时间：11月27日9:05。地点：保山市公共资源交易中心评标一室。预计用时2小时30分钟，可能需要隔夜。\
             请携带身份证按时到场。如有疑问，请拨打08752123。"
        );
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let at = |hour: i64, minute: i64| Notice {
            start: Utc((hour * 60 + minute - 8 * 60) * 60_000),
            ..notice()
        };
        for (hour, minute, words) in [
            (0, 0, "凌晨零点整"),
            (6, 30, "上午六点三十分"),
            (12, 0, "中午十二点整"),
            (14, 10, "下午二点十分"),
            (20, 45, "晚上八点四十五分"),
        ] {
            let said = said(Piece::Notice, &at(hour, minute));
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn digits_of_a_place_are_said() {
        for (name, said) in [
            ("评标12室", "评标十二室，"),
            ("3号楼301室", "三号楼三零一室，"),
            ("A座05", "A座零五，"),
            ("一室", "一室，"),
            ("99999999999号", "九九九九九九九九九九九号，"),
        ] {
            assert_eq!(venue(name).characters, said);
        }
    }

    #[test]
    fn every_piece_has_a_reading_and_file_names_say_nothing() {
        for piece in Piece::ALL {
            for phrase in phrases(piece, &notice()) {
                assert!(phrase.pinyin.is_ascii(), "{phrase:?}");
                let digit = phrase.characters.chars().any(|c| c.is_ascii_digit());
                assert!(!digit, "models leave digits out: {phrase:?}");
                assert!(
                    phrase
                        .file
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
                );
            }
        }
    }
}
