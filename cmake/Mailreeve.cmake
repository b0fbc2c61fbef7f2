# One folder, one target. A folder's headers are found only by those who link it: the include path of a
# target is its own folder and the folders of the libraries it names, so a forbidden #include does not compile.

# mailreeve_library(NAME [LINKS library...] [PRIVATE library...])
#   every *.c of this folder becomes the static library NAME.
#   LINKS are the libraries whose headers its own headers need, PRIVATE those that only its .c files need.
function(mailreeve_library name)
    cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE})
endfunction()

# mailreeve_program(NAME LINKS library...): every *.c of this folder becomes the program NAME.
function(mailreeve_program name)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS})
endfunction()

# mailreeve_unit_tests(LINKS library...): every test_*.c of this folder becomes one cmocka program and one ctest.
function(mailreeve_unit_tests)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.c)
    foreach(source IN LISTS sources)
        get_filename_component(name ${source} NAME_WE)
        add_executable(${name} ${source})
        target_link_libraries(${name} PRIVATE ${ARG_LINKS} PkgConfig::CMOCKA)
        add_test(NAME unit.${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 600)
    endforeach()
endfunction()
