"""The words of headers in Korean, English, German, French and Spanish: what each says that a column is.

Data alone. Earlier rows win: `bearing temperature` is a temperature, `vibration velocity` a velocity.
"""

from __future__ import annotations

from agent.tables.values import Role

WORDS: tuple[tuple[Role, str], ...] = (
    (
        "derived",
        "rms peak pk crest kurtosis skewness skew std stdev variance mean avg average fft spectrum"
        " amplitude_spectrum psd envelope total magnitude norm resultant absolute svm abs gravity quality"
        " rssi snr battery soc effektivwert mittelwert maximum minimum max min p2p pp jerk vdv aggregate 합성"
        " 실효값 평균 최대 최소 배터리 score probability",
    ),
    (
        "temperature",
        "temp temps_c temperature temperatur temperatura tmp therm thermo thermistor thermocouple 온도 기온 수온 dht",
    ),
    (
        "humidity",
        "hum humidity humid rh feuchte luftfeuchte luftfeuchtigkeit humidite humedad 습도 moisture",
    ),
    (
        "pressure",
        "pressure press druck luftdruck pression presion baro barometer altitude alt 압력 기압",
    ),
    (
        "label",
        "label labels class classes klasse classe clase target category fault defect condition state status"
        " zustand etat estado anomaly outcome mode flag flags event alarm 라벨 레이블 클래스 상태 분류 결함"
        " 고장 결과 모드 prediction y_true",
    ),
    (
        "text",
        "comment comments remark remarks note notes bemerkung kommentar commentaire comentario observacion"
        " 비고 메모 device serial mac filename file machine operator location unit_id asset 장치 설비 id uid"
        " uuid name",
    ),
    (
        "current",
        "current strom courant corriente amps ampere 전류 ia ib ic",
    ),
    (
        "voltage",
        "voltage volt volts spannung tension voltaje vcc vdd vbat vin 전압 supply",
    ),
    (
        "force",
        "torque drehmoment couple moment load last charge carga force kraft fuerza par 토크 하중 부하 strain"
        " dehnung weight mass gewicht 무게 feed flow durchfluss fluss 유량",
    ),
    (
        "power",
        "power leistung puissance potencia energy energie energia 전력 에너지",
    ),
    (
        "gyro",
        "gyro gyr gyroscope gyroscop giroscopio giro omega angular angulaire rotationrate"
        " winkelgeschwindigkeit drehrate 자이로 각속도 gyrox gyroy gyroz",
    ),
    (
        "magnetic",
        "mag magn magneto magnetometer magnetic magnet compass heading kompass mx my mz 자기 지자기 나침반 hall",
    ),
    (
        "angle",
        "roll pitch yaw angle angles winkel angulo neigung inclination tilt azimuth euler quat quaternion qw"
        " qx qy qz q0 q1 q2 q3 phi theta psi 각도 기울기 lat lon lng latitude longitude gps phase phasor"
        " keyphasor",
    ),
    (
        "speed",
        "rpm speed tacho tach tachometer tachymeter drehzahl umdrehungen regime rev revs revolutions"
        " rotational spindle encoder 회전수 회전속도 속도 rotspeed shaftspeed n_rpm freq frequency frequenz"
        " hz 주파수 sps",
    ),
    (
        "velocity",
        "velocity vel geschwindigkeit schwinggeschwindigkeit schnelle vitesse velocidad vx vy vz velx vely"
        " velz 진동속도",
    ),
    (
        "displacement",
        "displacement disp deplacement desplazamiento weg auslenkung position pos distance abstand proximity 변위 거리",
    ),
    (
        "sound",
        "sound mic microphone audio schall mikrofon lautstarke acoustic ae noise ultrasound 소음 음향 마이크"
        " light lux co2 gas",
    ),
    (
        "time",
        "time times timestamp timestamps ts t zeit zeitstempel zeitpunkt uhrzeit datum date datetime temps"
        " heure horodatage tiempo hora fecha elapsed uptime epoch unix seconds second secs sec millis micros"
        " nanos milliseconds microseconds clock ticks tick hour hours minute minutes 시간 시각 일시 날짜"
        " 타임스탬프 측정시간 경과시간 측정시각 초 밀리초",
    ),
    (
        "counter",
        "index idx counter cnt count seq sequence number num no nr nummer numero zahler zaehler lfd compteur"
        " contador packet frame row line lost dropped drops errors overruns 번호 순번 인덱스 순서 카운터"
        " samplenumber",
    ),
    (
        "acceleration",
        "acc accel accels accelx accely accelz accx accy accz acceleration accelerations accelerometer"
        " accelerometers accelero acceler beschleunigung beschleunigungen beschleunigungssensor beschl"
        " acceleracion aceleracion acelerometro accelerometre gforce 가속도 가속도계 가속도센서 imuacc linacc",
    ),
)
"""Role -> words, first row first."""

VIBRATION = "vib vibs vibration vibrations vibro schwingung schwingungen vibracion vibracao 진동 진동값"
"""Vibration may be acceleration or velocity: acceleration where no other column is, and no unit says otherwise."""

NEUTRAL = (
    "ch chan channel kanal canal voie sensor sensors capteur data value values val wert messwert"
    " messwerte valeur valor mesure medida measurement signal sig raw adc analog ain ai input in col"
    " column var variable amplitude y output sample samples de nde fe ba drive end free bearing motor"
    " pump fan gearbox inboard outboard left right top bottom front rear inner outer untitled probe point"
    " pt mp 채널 센서 값 데이터 측정값 측정 신호 베어링 모터 펌프 팬 b0 b1 b2 b3 b4 a0 a1 a2 a3 a4 a5"
)
"""Words that say no more than that something was measured."""

DIRECTIONS = {
    **{letter: letter for letter in "xyz"},
    **dict.fromkeys(("horizontal", "horiz", "vertical", "vert", "axial", "radial", "tangential"), ""),
}
"""Words of direction -> the axis that they name, empty for a direction without a letter."""

AXIS_WORDS = "axis axes achse axe eje 축 dir direction richtung"

PHRASES = (
    (r"\bg[\s_-]?force|\bgf(?=[\s_-]?[xyz]\b)", "gforce"),
    (r"rotation[\s_-]?rate|rate of turn|angular[\s_-]?(?:rate|velocity|speed)", "gyro"),
    (r"rotation(?:al)?[\s_-]?(?:speed|velocity|freq\w*)|rotating speed|shaft[\s_-]?speed|motor[\s_-]?speed", "rpm"),
    (r"\bsample[\s_-]?(?:rate|freq\w*)|sampling[\s_-]?\w+", "hz"),
    (r"진동\s*속도", "진동속도"),
    (r"회전\s*속도", "회전속도"),
    (r"각\s*가속도|각\s*속도|angular[\s_-]?accel\w*", "gyro"),
    (r"fehler[\s_-]?klasse|fault[\s_-]?(?:class|type|id|code)", "label"),
    (r"(?:unit|machine|device|sensor|motor|bearing|asset)[\s_-]?(?:id|name|no|nr|number|type|model)\b", "id"),
    (r"time[\s_-]?(?:of[\s_-]?day|code)", "time"),
    (r"\bheat(?:er|ing)?\b", "temperature"),
)
"""Pattern in a name -> the one word that it stands for."""
