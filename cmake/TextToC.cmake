# cmake -DINPUT=file -DOUTPUT=file.c -DNAME=name -P TextToC.cmake
# writes the bytes of a text as `const char name[]`, terminated by a NUL.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n"
       bytes "${bytes}")
file(WRITE ${OUTPUT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${bytes}0};\n")
